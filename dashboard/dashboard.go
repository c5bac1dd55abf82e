// Package dashboard is the web page on which a person watches a node: static files, embedded, with no build step and
// nothing loaded from elsewhere. What it shows comes from the API of package admin, which also decides who may see it;
// there is no logic of the node here. Start with static/index.html and static/js/main.js.
package dashboard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"
)

//go:embed static
var static embed.FS

// asset is one embedded file, ready to be served.
type asset struct {
	content []byte
	kind    string // Content-Type
	tag     string // ETag
}

// Handler serves the page at / and its files below. Who may see them is decided by whoever mounts it.
func Handler() http.Handler {
	assets := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Clean(r.URL.Path)
		if name == "/" {
			name = "/index.html"
		}
		found, known := assets[name]
		if !known {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		header.Set("Content-Type", found.kind)
		header.Set("ETag", found.tag)
		header.Set("Cache-Control", "no-cache") // ask each time: a newer Ladder has a newer page
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.content))
	})
}

// load reads the embedded files by the path that they are served at.
func load() map[string]asset {
	assets := make(map[string]asset)
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		assets[name[len("static"):]] = asset{
			content: content, kind: contentType(name), tag: `"` + hex.EncodeToString(sum[:12]) + `"`,
		}
		return nil
	})
	if err != nil {
		panic("dashboard: embedded files cannot be read: " + err.Error()) // a mistake of the build, not of its user
	}
	return assets
}

// contentType does not ask the machine's own tables, which differ and may be wrong.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".md", "":
		return "text/plain; charset=utf-8"
	default:
		return mime.TypeByExtension(path.Ext(name))
	}
}
