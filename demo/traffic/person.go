package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// person is one of the crowd. At any time at most one worker moves them.
type person struct {
	name
	password string
	browser  *browser
	signedIn bool
	isNew    bool   // signed up just now
	likable  string // form that likes a post seen lately, as its path
	readable string // path of a post seen lately
	older    string // path of a timeline's next page seen lately

	// Set by begin for as long as a worker moves them.
	tally  *tally
	pace   *pace
	random *rand.Rand
}

func newPerson(site *site, called name) (*person, error) {
	browser, err := newBrowser(site)
	if err != nil {
		return nil, err
	}
	return &person{name: called, password: "chirping as " + called.username, browser: browser}, nil
}

func (p *person) begin(t *tally, pace *pace, random *rand.Rand) {
	p.tally, p.pace, p.random = t, pace, random
}

// check looks at an answer and says what is wrong with it.
type check func(response) error

// do makes one request, counts it, and reports whether the answer came and passed its check. What ctx cut short is not
// counted.
func (p *person) do(ctx context.Context, want request, passes check) (response, bool) {
	if !p.pace.wait(ctx) {
		return response{}, false
	}
	began := time.Now()
	got, retried, err := p.browser.send(ctx, want)
	took := time.Since(began)
	if err != nil && ctx.Err() != nil {
		return response{}, false
	}
	if retried {
		p.tally.retried.Add(1)
	}
	if err == nil {
		err = passes(got)
	}
	if errors.Is(err, errSignedOut) {
		p.signedIn = false // signing in again is what a person would do
	}
	p.tally.count(want.method, want.path, got.status, took, err)
	return got, err == nil
}

func (p *person) get(ctx context.Context, path string, passes check) (response, bool) {
	return p.do(ctx, request{method: http.MethodGet, path: path}, passes)
}

// submit sends a form as a browser does without files.
func (p *person) submit(ctx context.Context, path string, fields url.Values, passes check) (response, bool) {
	return p.do(ctx, request{
		method: http.MethodPost, path: path, contentType: "application/x-www-form-urlencoded", body: []byte(fields.Encode()),
	}, passes)
}

// errSignedOut is a site that does not know somebody who signed in and never out.
var errSignedOut = fmt.Errorf("%w: the site forgot that the person is signed in", errStale)

// page wants a complete page of the given kind, seen by whom it should be.
func (p *person) page(kind string) check {
	return func(got response) error {
		known := bytes.Contains(got.body, []byte(`data-user="`+p.username+`"`))
		switch {
		case got.status != http.StatusOK:
			return unexpected(got)
		case !bytes.HasSuffix(bytes.TrimRight(got.body, "\n"), []byte("</html>")):
			return fmt.Errorf("the page %s ends before </html>, after %d bytes", kind, len(got.body))
		case p.signedIn && !known:
			return errSignedOut
		case !p.signedIn && known:
			return fmt.Errorf("%w: %s signed out and is still signed in", errStale, p.username)
		case !bytes.Contains(got.body, []byte(`data-page="`+kind+`"`)):
			return fmt.Errorf("the page is not %s: %s", kind, excerpt(got.body))
		}
		return nil
	}
}

// redirects wants a form's answer that leads to a page, and not to the form for signing in.
func redirects(got response) error {
	switch location := got.header.Get("Location"); {
	case got.status != http.StatusSeeOther || location == "":
		return unexpected(got)
	case location == "/signin":
		return errSignedOut
	}
	return nil
}

func unexpected(got response) error { return errors.New("unexpected status; " + excerpt(got.body)) }

// excerptLength of a body that stands in a failure, in bytes.
const excerptLength = 160

// excerpt is what a person would remember of a page: the beginning of its main part.
func excerpt(body []byte) string {
	if _, main, found := bytes.Cut(body, []byte("<main")); found {
		body = main
	}
	return strings.Join(strings.Fields(string(body[:min(len(body), excerptLength)])), " ")
}

// enter signs up, or in where the account exists already.
func (p *person) enter(ctx context.Context) {
	taken := false
	_, ok := p.submit(ctx, "/signup", url.Values{
		"username": {p.username}, "display_name": {p.display}, "password": {p.password},
	}, func(got response) error {
		if taken = got.status == http.StatusConflict; taken {
			return nil
		}
		return redirects(got)
	})
	p.isNew = ok && !taken
	p.signedIn = p.isNew
	if taken {
		p.signIn(ctx)
	}
}

func (p *person) signIn(ctx context.Context) {
	form := url.Values{"username": {p.username}, "password": {p.password}}
	_, p.signedIn = p.submit(ctx, "/signin", form, redirects)
}

// signOut and in again, as people do now and then.
func (p *person) signOut(ctx context.Context) {
	if _, ok := p.submit(ctx, "/signout", nil, redirects); !ok {
		return
	}
	p.signedIn = false
	p.see(ctx, "/", "welcome")
	p.signIn(ctx)
	if p.signedIn {
		p.see(ctx, "/", "home")
	}
}

// settleIn is what a new person does first.
func (p *person) settleIn(ctx context.Context) {
	for range followsAtStart {
		p.follow(ctx)
	}
	for range postsAtStart {
		p.post(ctx)
	}
	if p.random.IntN(4) == 0 {
		p.postPicture(ctx)
	}
}

// actions and how often they are chosen, in shares of their sum: mostly reading, as people do.
var actions = [...]struct {
	share int
	do    func(*person, context.Context)
}{
	{32, func(p *person, ctx context.Context) { p.see(ctx, "/", "home") }},
	{16, func(p *person, ctx context.Context) { p.see(ctx, "/public", "public") }},
	{20, func(p *person, ctx context.Context) {
		p.see(ctx, "/@"+pick(p.random, p.browser.site.usernames), "profile")
	}},
	{8, (*person).search},
	{5, (*person).readOn},
	{5, (*person).readPost},
	{2, (*person).api},
	{5, (*person).post},
	{1, (*person).postPicture},
	{4, (*person).like},
	{3, (*person).follow},
	{1, (*person).signOut},
}

// act does one thing.
func (p *person) act(ctx context.Context) {
	if !p.signedIn {
		p.enter(ctx)
		return
	}
	total := 0
	for _, action := range actions {
		total += action.share
	}
	choice := p.random.IntN(total)
	for _, action := range actions {
		if choice -= action.share; choice < 0 {
			action.do(p, ctx)
			return
		}
	}
}

// see loads a page, some of what belongs to it, and remembers what could be done next.
func (p *person) see(ctx context.Context, path, kind string) (response, bool) {
	got, ok := p.get(ctx, path, p.page(kind))
	if !ok {
		return got, false
	}
	if form, found := between(got.body, `action="/@`, `/like"`); found {
		p.likable = "/@" + form + "/like"
	}
	if post, found := between(got.body, `class="when" href="`, `"`); found {
		p.readable = post
	}
	if query, found := between(got.body, `class="button plain" href="?`, `"`); found {
		p.older = path + "?" + strings.ReplaceAll(query, "&amp;", "&")
	}
	p.loadParts(ctx, got.body)
	return got, true
}

// between finds the first text between two marks, on one line.
func between(body []byte, before, after string) (string, bool) {
	_, rest, found := bytes.Cut(body, []byte(before))
	if !found {
		return "", false
	}
	text, _, found := bytes.Cut(rest, []byte(after))
	if !found || bytes.ContainsAny(text, "\n<\"") {
		return "", false
	}
	return string(text), true
}

func (p *person) search(ctx context.Context) {
	p.see(ctx, "/search?q="+url.QueryEscape(searchText(p.random)), "search")
}

// readOn goes to the next page of a timeline.
func (p *person) readOn(ctx context.Context) {
	path, kind := p.older, "profile"
	switch {
	case path == "":
		return
	case strings.HasPrefix(path, "/?"):
		kind = "home"
	case strings.HasPrefix(path, "/public"):
		kind = "public"
	case strings.HasPrefix(path, "/search"):
		return // its next page needs the words again; home and public are enough
	}
	p.see(ctx, path, kind)
}

func (p *person) readPost(ctx context.Context) {
	if p.readable != "" {
		p.see(ctx, p.readable, "post")
	}
}

func (p *person) api(ctx context.Context) {
	path := pick(p.random, []string{"/api/home", "/api/posts", "/api/users/" + p.username})
	p.get(ctx, path, func(got response) error {
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" || len(got.body) == 0 {
			return unexpected(got)
		}
		return nil
	})
}

func (p *person) like(ctx context.Context) {
	if p.likable == "" {
		return
	}
	if _, ok := p.submit(ctx, p.likable, url.Values{"return": {"/public"}}, redirects); ok {
		p.likable = ""
		p.see(ctx, "/public", "public")
	}
}

func (p *person) follow(ctx context.Context) {
	other := pick(p.random, p.browser.site.usernames)
	if other == p.username {
		return
	}
	verb := "/follow"
	if p.random.IntN(4) == 0 && !p.isNew {
		verb = "/unfollow"
	}
	p.submit(ctx, "/@"+other+verb, url.Values{"return": {"/@" + other}}, redirects)
}

// post says something and looks whether it is there.
func (p *person) post(ctx context.Context) {
	form := url.Values{"body": {sentence(p.random, p.browser.site.usernames)}, "return": {"/"}}
	if got, ok := p.submit(ctx, "/posts", form, redirects); ok {
		p.lookFor(ctx, got.header.Get("Location"))
	}
}

// lookFor checks that the own post to which a form's answer leads, as /#p-USER-ID, is on the home page or the profile.
func (p *person) lookFor(ctx context.Context, location string) {
	_, anchor, found := strings.Cut(location, "#")
	if !found {
		p.tally.count(http.MethodPost, "/posts", http.StatusSeeOther, 0, fmt.Errorf("no post in Location %q", location))
		return
	}
	p.tally.posts.Add(1)
	path, kind := "/", "home"
	if p.random.IntN(2) == 0 {
		path, kind = "/@"+p.username, "profile"
	}
	pushedOut := false
	p.get(ctx, path, func(got response) error {
		if err := p.page(kind)(got); err != nil {
			return err
		}
		if bytes.Contains(got.body, []byte(`id="`+anchor+`"`)) {
			return nil
		}
		if pushedOut = kind == "home" && allNewer(got.body, anchor); pushedOut {
			return nil
		}
		return fmt.Errorf("%w: %s does not see their own new post %s", errStale, p.username, anchor)
	})
	if pushedOut {
		p.get(ctx, "/@"+p.username, func(got response) error {
			if !bytes.Contains(got.body, []byte(`id="`+anchor+`"`)) {
				return fmt.Errorf("%w: %s does not see their own new post %s", errStale, p.username, anchor)
			}
			return nil
		})
	}
}

// homePage is how many posts the home page shows.
const homePage = 20

// allNewer tells whether a full home page shows newer posts only: busy friends can push an own post off it.
func allNewer(body []byte, anchor string) bool {
	own, err := strconv.ParseInt(anchor[strings.LastIndexByte(anchor, '-')+1:], 10, 64)
	if err != nil {
		return false
	}
	shown := postIDs(body)
	return len(shown) >= homePage && slices.Min(shown) > own
}

// postIDs reads the numbers of the posts on a page.
func postIDs(body []byte) []int64 {
	var ids []int64
	for {
		_, rest, found := bytes.Cut(body, []byte(`data-post="`))
		if !found {
			return ids
		}
		digits, after, _ := bytes.Cut(rest, []byte(`"`))
		if id, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
			ids = append(ids, id)
		}
		body = after
	}
}
