package web

import (
	"html/template"
	"strings"
	"time"

	"ladder/demo/chirp/store"
)

// A post is the one piece of markup that is not a template. Pages show twenty, with twenty values each, and
// html/template spends a microsecond or two on every value: it was two thirds of what the whole site costs.

// postMarkup is a typical post's size, in bytes.
const postMarkup = 1600

// postWriter writes posts as one reader sees them.
type postWriter struct {
	strings.Builder
	icons string      // address of the file with the icons
	me    *store.User // nil: a stranger
	back  string      // where the forms of a post lead back to
	now   time.Time
}

// postsMarkup shows posts to me; the forms in them lead back to the page they are on.
func (s *Server) postsMarkup(posts []store.Post, me *store.User, back string) template.HTML {
	if len(posts) == 0 {
		return ""
	}
	w := postWriter{icons: s.assets.byName["icons.svg"].address, me: me, back: back, now: time.Now()}
	w.Grow(len(posts) * postMarkup)
	for _, post := range posts {
		w.post(post)
	}
	return template.HTML(w.String()) //nolint:gosec // every piece that is not ours went through text
}

// add writes markup of ours and text of others in turns: the first piece is markup, the second text, and so on.
func (w *postWriter) add(pieces ...string) {
	for i, piece := range pieces {
		if i%2 == 0 {
			w.WriteString(piece)
		} else {
			w.text(piece)
		}
	}
}

// text escapes what is not ours. Most of it has nothing to escape.
func (w *postWriter) text(text string) {
	if strings.ContainsAny(text, "&<>\"'\x00") {
		text = template.HTMLEscapeString(text)
	}
	w.WriteString(text)
}

func (w *postWriter) post(p store.Post) {
	made, id := p.CreatedAt(), p.ID.String()
	path := "/@" + p.Username + "/" + id
	w.add(`<article class="post" id="`, anchor(p.UserID, p.ID), `" data-post="`, id, `">
  <a class="avatar `, hue(p.Username), `" href="/@`, p.Username, `" tabindex="-1" aria-hidden="true">`, initial(p.DisplayName), `</a>
  <div class="said">
    <header><a class="author" href="/@`, p.Username, `">`, p.DisplayName, `</a> <span class="handle">@`, p.Username,
		`</span> <a class="when" href="`, path, `"><time datetime="`, made.Format(time.RFC3339), `">`, ago(made, w.now), `</time></a></header>
    <p>`)
	w.WriteString(string(linkify(p.Body)))
	w.add("</p>\n")
	if p.ImageID != 0 {
		image := "/images/" + p.Image().String()
		w.add(`    <a class="picture" href="`, image, `"><img src="`, image, `/thumbnail" alt="Image posted by `, p.DisplayName, `" loading="lazy"></a>`+"\n")
	}
	w.add("    <footer>\n")
	w.likes(p, path, id)
	if w.me != nil && w.me.ID == p.UserID {
		w.add(`      <form method="post" action="`, path, `/delete" data-confirm="Delete this post?"><input type="hidden" name="return" value="`, w.back,
			`"><button class="delete" title="Delete">`)
		w.icon("bin")
		w.add(`<span class="hidden">Delete</span></button></form>` + "\n")
	}
	w.add("    </footer>\n  </div>\n</article>\n")
}

// likes shows their number, and members a button.
func (w *postWriter) likes(p store.Post, path, id string) {
	number := ""
	if p.Likes > 0 {
		number = shortCount(p.Likes)
	}
	if w.me == nil {
		w.add(`      <span class="like">`)
		w.icon("heart")
		w.add(`<span>`, number, "</span></span>\n")
		return
	}
	verb, pressed := "like", "false"
	if p.Liked {
		verb, pressed = "unlike", "true"
	}
	w.add(`      <form method="post" action="`, path, `/`, verb, `" data-like="/api/users/`, p.Username, `/posts/`, id,
		`/like"><input type="hidden" name="return" value="`, w.back, `"><button class="like" aria-pressed="`, pressed, `" title="Like">`)
	w.icon("heart")
	w.add(`<span>`, number, "</span></button></form>\n")
}

func (w *postWriter) icon(name string) {
	w.add(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use href="`, w.icons, `#`, name, `"/></svg>`)
}
