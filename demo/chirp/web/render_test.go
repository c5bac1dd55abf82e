package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ladder/demo/chirp/store"
)

// BenchmarkPage is what a page of posts costs without the database; it is most of what chirp itself costs.
func BenchmarkPage(b *testing.B) {
	files, err := loadAssets()
	if err != nil {
		b.Fatal(err)
	}
	templates, err := loadTemplates(files)
	if err != nil {
		b.Fatal(err)
	}
	s := &Server{assets: files, templates: templates, logger: slog.New(slog.DiscardHandler)}
	me := store.User{ID: store.UserID("maya"), Username: "maya", DisplayName: "Maya Brook"}
	posts := make([]store.Post, store.PageSize)
	for i := range posts {
		posts[i] = store.Post{
			UserID: me.ID, ID: store.ID(1<<40 + i), Username: "maya", DisplayName: "Maya Brook", Likes: i,
			Body: "Spent the whole morning with the telescope in the rain. #walking",
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		recorder := httptest.NewRecorder()
		page := view{Page: "home", Title: "Home", Me: &me, Posts: s.postsMarkup(posts, &me, "/"), First: true}
		if err := s.render(recorder, http.StatusOK, page); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPostsEscapeWhatPeopleWrote(t *testing.T) {
	files, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{assets: files}
	evil := store.Post{UserID: 1, ID: 2, Username: "maya", DisplayName: `"><script>'&`, Body: `<img src=x onerror="y">`, ImageID: 3}
	for name, me := range map[string]*store.User{"author": {ID: 1}, "reader": {ID: 9}, "stranger": nil} {
		html := string(s.postsMarkup([]store.Post{evil}, me, `/search?q="><script>`))
		for _, markup := range []string{"<script", "<img src=x", `onerror="`, `q=">`} {
			if strings.Contains(html, markup) {
				t.Errorf("%s: what people wrote becomes markup: %s", name, html)
			}
		}
		if has := strings.Contains(html, "/delete"); has != (name == "author") {
			t.Errorf("%s: can delete: %v", name, has)
		}
		if has := strings.Contains(html, "<form"); has != (me != nil) {
			t.Errorf("%s: can like: %v", name, has)
		}
	}
}
