package dashboard_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ladder/dashboard"
)

func get(t *testing.T, path string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	dashboard.Handler().ServeHTTP(recorder, request)
	return recorder
}

func TestFilesAreServedWithTheirTypes(t *testing.T) {
	for path, want := range map[string]string{
		"/":                               "text/html; charset=utf-8",
		"/index.html":                     "text/html; charset=utf-8",
		"/js/main.js":                     "text/javascript; charset=utf-8",
		"/css/theme.css":                  "text/css; charset=utf-8",
		"/icon.svg":                       "image/svg+xml",
		"/vendor/uplot/uPlot.iife.min.js": "text/javascript; charset=utf-8",
		"/vendor/uplot/LICENSE":           "text/plain; charset=utf-8",
		"/js/../css/theme.css":            "text/css; charset=utf-8",
	} {
		answer := get(t, path, nil)
		if answer.Code != 200 || answer.Header().Get("Content-Type") != want || answer.Body.Len() == 0 {
			t.Errorf("%s: %d %s, want %s", path, answer.Code, answer.Header().Get("Content-Type"), want)
		}
	}
	for _, path := range []string{"/js", "/nothing", "/../dashboard.go", "/static/index.html"} {
		if answer := get(t, path, nil); answer.Code != 404 {
			t.Errorf("%s: %d, want 404", path, answer.Code)
		}
	}
}

func TestBrowsersAskWhetherTheirCopyIsCurrent(t *testing.T) {
	first := get(t, "/", nil)
	again := get(t, "/", map[string]string{"If-None-Match": first.Header().Get("ETag")})
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("the same page again: %d with %d bytes", again.Code, again.Body.Len())
	}
}

// TestNothingIsLoadedFromElsewhereOrInline holds the files against what the content policy of package admin allows.
func TestNothingIsLoadedFromElsewhereOrInline(t *testing.T) {
	foreign := regexp.MustCompile(`(?:src|href)="(?:https?:)?//|@import|url\(|https?://`)
	inline := regexp.MustCompile(`<style|\sstyle=|\son[a-z]+="|<script>|javascript:|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`)
	own := func(line string) string { return strings.ReplaceAll(line, "http://www.w3.org/2000/svg", "") }
	eachFile(t, func(name, text string) {
		for number, line := range strings.Split(text, "\n") {
			if foreign.MatchString(own(line)) || inline.MatchString(line) {
				t.Errorf("%s:%d: %s", name, number+1, strings.TrimSpace(line))
			}
		}
	})
}

// TestFilesAreSmall is the rule of the house, which looks at Go alone.
func TestFilesAreSmall(t *testing.T) {
	eachFile(t, func(name, text string) {
		if lines := strings.Count(text, "\n"); lines > 400 {
			t.Errorf("%s has %d lines, more than 400", name, lines)
		}
	})
}

// eachFile visits the files that are ours.
func eachFile(t *testing.T, visit func(name, text string)) {
	t.Helper()
	visited := 0
	err := filepath.WalkDir("static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() != "vendor" {
			return err
		}
		if entry.Name() == "vendor" {
			return filepath.SkipDir
		}
		text, err := os.ReadFile(name)
		visited++
		visit(name, string(text))
		return err
	})
	if err != nil || visited < 10 {
		t.Fatalf("%d files visited, %v", visited, err)
	}
}
