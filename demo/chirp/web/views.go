package web

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"ladder/demo/chirp/store"
)

//go:embed templates/*.html
var templateFiles embed.FS

// view is everything that a page may show; each page uses some of it.
type view struct {
	Page        string // the page's template, which also marks the page: data-page
	Title       string
	Me          *store.User
	Query       string
	Posts       template.HTML // see postsMarkup; empty for none
	Older       string        // address of the next page
	First       bool          // page of a timeline
	Suggestions []store.User
	User        *store.User // whose profile it is
	Counts      store.Counts
	Followed    bool
	People      []store.User
	Tab         string
	Form        any // what was entered
	Error       *statusError
}

// Message is what went wrong with a field of the form, or with the page as a whole if the field is empty.
func (e *statusError) Message(field string) string {
	if e == nil || e.field != field {
		return ""
	}
	return e.message
}

// Status is shown on the error page.
func (e *statusError) Status() int { return e.status }

// Text of the error.
func (e *statusError) Text() string { return e.message }

// pageNames have a template each, which fills the layout's block "main".
var pageNames = [...]string{
	"welcome", "home", "public", "search", "profile", "people", "post", "signup", "signin", "settings", "error",
}

func loadTemplates(files *assets) (map[string]*template.Template, error) {
	layout := template.New("layout").Funcs(template.FuncMap{
		"hue": hue, "initial": initial, "count": shortCount, "plural": plural, "limits": fieldLimits,
	})
	for _, name := range []string{"layout", "parts"} {
		if err := parseTemplate(layout, name, files); err != nil {
			return nil, err
		}
	}
	pages := make(map[string]*template.Template, len(pageNames))
	for _, name := range pageNames {
		page, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if err := parseTemplate(page, name, files); err != nil {
			return nil, err
		}
		pages[name] = page
	}
	return pages, nil
}

// staticName is how templates refer to static files; with its hash in the address, a file may be kept forever.
var staticName = regexp.MustCompile(`/static/([a-z]+\.[a-z]+)`)

// parseTemplate reads one template and gives the static files in it their full addresses, once and for all pages.
func parseTemplate(into *template.Template, name string, files *assets) error {
	text, err := templateFiles.ReadFile("templates/" + name + ".html")
	if err != nil {
		return fmt.Errorf("reading a template: %w", err)
	}
	var missing error
	resolved := staticName.ReplaceAllStringFunc(string(text), func(plain string) string {
		file, ok := files.byName[strings.TrimPrefix(plain, "/static/")]
		if !ok {
			missing = fmt.Errorf("template %s: there is no %s", name, plain)
			return plain
		}
		return file.address
	})
	if _, err := into.Parse(resolved); err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	return missing
}

// limits that the forms tell the browser about.
type limits struct{ Username, DisplayName, Bio, Post, MinPassword, MaxPassword int }

func fieldLimits() limits {
	return limits{
		store.MaxUsername, store.MaxDisplayName, store.MaxBio, store.MaxPost, store.MinPassword, store.MaxPassword,
	}
}

const (
	suggestionsKept    = 30 // newest users kept to suggest from
	suggestionsShown   = 4
	suggestionsRefresh = 15 * time.Second
)

// suggestions remembers the newest users for a while: who is suggested need not be up to the second.
type suggestions struct {
	load func(ctx context.Context, limit int) ([]store.User, error)

	mu     sync.Mutex
	users  []store.User
	loaded time.Time
}

// current asks the database at most once in suggestionsRefresh; meanwhile, everybody gets what is known.
func (c *suggestions) current(ctx context.Context) ([]store.User, error) {
	c.mu.Lock()
	users, due := c.users, time.Since(c.loaded) >= suggestionsRefresh
	if due {
		c.loaded = time.Now()
	}
	c.mu.Unlock()
	if !due {
		return users, nil
	}
	users, err := c.load(ctx, suggestionsKept)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.users = users
	c.mu.Unlock()
	return users, nil
}

// strangers are some of the newest users whom me does not follow yet.
func (s *Server) strangers(ctx context.Context, me store.User) ([]store.User, error) {
	newest, err := s.suggestions.current(ctx)
	if err != nil {
		return nil, err
	}
	known, err := s.store.FolloweesAmong(ctx, me.ID, newest)
	if err != nil {
		return nil, err
	}
	var strangers []store.User
	for _, user := range newest {
		if user.ID != me.ID && !slices.Contains(known, user.ID) && len(strangers) < suggestionsShown {
			strangers = append(strangers, user)
		}
	}
	return strangers, nil
}
