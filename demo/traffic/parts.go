package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
)

const (
	// oneIn page loads is a first visit or a reload, which asks for the page's parts again.
	oneIn = 8
	// thumbnailsPerPage that somebody scrolls to.
	thumbnailsPerPage = 2
	// cacheEntries of one browser; then it starts anew.
	cacheEntries = 200
)

// loadParts fetches what a page refers to, as a browser does: a static file that it has never seen always, one that it
// has in its cache only on a reload, with If-None-Match. Pictures are loaded when somebody scrolls to them.
func (p *person) loadParts(ctx context.Context, page []byte) {
	reload := p.random.IntN(oneIn) == 0
	for _, path := range paths(page, "/static/") {
		if _, known := p.browser.cached[path]; !known || reload {
			p.part(ctx, path, isStatic)
		}
	}
	if p.random.IntN(2) == 0 {
		return
	}
	seen := 0
	for _, path := range paths(page, "/images/") {
		if _, known := p.browser.cached[path]; known || !strings.HasSuffix(path, "/thumbnail") {
			continue
		}
		if seen++; seen > thumbnailsPerPage {
			return
		}
		p.thumbnail(ctx, path)
	}
}

// paths finds the distinct addresses on a page that begin with prefix. The page must be read before the next request:
// they share a buffer, so what is returned is copied.
func paths(page []byte, prefix string) []string {
	var found []string
	seen := map[string]bool{}
	for mark := []byte(`"` + prefix); ; {
		at := bytes.Index(page, mark)
		if at < 0 {
			return found
		}
		page = page[at+1:]
		end := bytes.IndexAny(page, `"#`)
		if end < 0 {
			return found
		}
		if path := string(page[:end]); !seen[path] {
			seen[path] = true
			found = append(found, path)
		}
	}
}

// part fetches one file with what the cache knows of it.
func (p *person) part(ctx context.Context, path string, complete check) (response, bool) {
	cached := p.browser.cached[path]
	got, ok := p.do(ctx, request{method: http.MethodGet, path: path, ifNoneMatch: cached}, func(got response) error {
		if got.status == http.StatusNotModified && cached != "" {
			return nil
		}
		return complete(got)
	})
	if tag := got.header.Get("ETag"); ok && tag != "" {
		if len(p.browser.cached) >= cacheEntries {
			clear(p.browser.cached)
		}
		p.browser.cached[path] = tag
	}
	return got, ok
}

func isStatic(got response) error {
	if got.status != http.StatusOK || len(got.body) == 0 {
		return unexpected(got)
	}
	if !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		return fmt.Errorf("a static file of a page that may not be kept: Cache-Control %q", got.header.Get("Cache-Control"))
	}
	return nil
}

func isPicture(got response) error {
	if got.status != http.StatusOK || !bytes.HasPrefix(got.body, []byte("\xff\xd8\xff")) {
		return unexpected(got)
	}
	return nil
}

// thumbnail shows a picture; while the small one is not made yet, the site sends people to the original.
func (p *person) thumbnail(ctx context.Context, path string) {
	got, ok := p.part(ctx, path, func(got response) error {
		if got.status == http.StatusFound {
			return nil
		}
		return isPicture(got)
	})
	if ok && got.status == http.StatusFound {
		p.part(ctx, got.header.Get("Location"), isPicture)
	}
}

// postPicture posts a text with a picture, and looks whether both are there.
func (p *person) postPicture(ctx context.Context) {
	form, contentType, err := pictureForm(sentence(p.random, p.browser.site.usernames), pick(p.random, p.browser.site.pictures()))
	if err != nil {
		p.tally.count(http.MethodPost, "/posts", 0, 0, err)
		return
	}
	got, ok := p.do(ctx, request{method: http.MethodPost, path: "/posts", contentType: contentType, body: form}, redirects)
	if !ok {
		return
	}
	p.lookFor(ctx, got.header.Get("Location"))
	page, ok := p.get(ctx, "/@"+p.username, func(got response) error {
		if err := p.page("profile")(got); err != nil {
			return err
		}
		if !bytes.Contains(got.body, []byte(`"/images/`)) {
			return fmt.Errorf("%w: %s does not see their own new picture", errStale, p.username)
		}
		return nil
	})
	if !ok {
		return
	}
	for _, path := range paths(page.body, "/images/") {
		if strings.HasSuffix(path, "/thumbnail") {
			p.thumbnail(ctx, path)
			return
		}
	}
}

// pictureForm is what a browser sends for the composer with a file.
func pictureForm(text string, picture []byte) (body []byte, contentType string, err error) {
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	header := textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="image"; filename="picture.jpg"`}, "Content-Type": {"image/jpeg"},
	}
	file, fileErr := writer.CreatePart(header)
	if fileErr == nil {
		_, fileErr = file.Write(picture)
	}
	err = errors.Join(fileErr, writer.WriteField("body", text), writer.WriteField("return", "/"), writer.Close())
	return form.Bytes(), writer.FormDataContentType(), err
}
