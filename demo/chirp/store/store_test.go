package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ladder/internal/pgtest"
)

var server *pgtest.Server // one PostgreSQL for all tests, set by TestMain

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, &server))
}

func open(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func newStore(t *testing.T) *Store {
	t.Helper()
	return open(t, server.Database(t))
}

func passwords(t *testing.T) *Passwords {
	t.Helper()
	p, err := NewPasswords(4)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newUser(t *testing.T, s *Store, username string) User {
	t.Helper()
	user, err := s.CreateUser(t.Context(), username, "", "long enough", passwords(t))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func newPost(t *testing.T, s *Store, author User, body string) ID {
	t.Helper()
	id, err := s.CreatePost(t.Context(), author.ID, 0, body)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func bodies(page Page) string {
	var all []string
	for _, post := range page.Posts {
		all = append(all, post.Body)
	}
	return strings.Join(all, ",")
}

func TestPostsMustHaveTextOfBoundedLength(t *testing.T) {
	s := newStore(t)
	maya := newUser(t, s, "maya")
	for body, valid := range map[string]bool{
		"": false, " \n ": false, "hello": true, strings.Repeat("ü", MaxPost): true, strings.Repeat("ü", MaxPost+1): false,
		"a\x00b": false, "\xff": false,
	} {
		_, err := s.CreatePost(t.Context(), maya.ID, 0, body)
		var invalid *InvalidError
		if valid != (err == nil) || !valid && !errors.As(err, &invalid) {
			t.Errorf("a post of %d bytes: %v", len(body), err)
		}
	}
	if _, err := s.CreatePost(t.Context(), maya.ID, 12345, "with an image that does not exist"); err == nil {
		t.Error("a post with an image that does not exist was accepted")
	}
}

func TestHomeIsMyPostsAndThoseOfPeopleIFollow(t *testing.T) {
	s := newStore(t)
	me, friend, stranger := newUser(t, s, "me"), newUser(t, s, "friend"), newUser(t, s, "stranger")
	for range 2 { // following twice is following once
		if err := s.Follow(t.Context(), me.ID, friend.ID); err != nil {
			t.Fatal(err)
		}
	}
	newPost(t, s, me, "mine")
	newPost(t, s, friend, "a friend's")
	newPost(t, s, stranger, "a stranger's")
	page, err := s.Home(t.Context(), me.ID, 0)
	if err != nil || bodies(page) != "a friend's,mine" || page.Next != 0 {
		t.Errorf("home shows %q (%v)", bodies(page), err)
	}
	if page, err = s.Public(t.Context(), me.ID, 0); err != nil || bodies(page) != "a stranger's,a friend's,mine" {
		t.Errorf("public shows %q (%v)", bodies(page), err)
	}
	counts, err := s.Counts(t.Context(), friend.ID)
	if err != nil || counts != (Counts{Posts: 1, Followers: 1}) {
		t.Errorf("the friend's numbers: %+v (%v)", counts, err)
	}
	if err := s.Unfollow(t.Context(), me.ID, friend.ID); err != nil {
		t.Fatal(err)
	}
	if page, err = s.Home(t.Context(), me.ID, 0); err != nil || bodies(page) != "mine" {
		t.Errorf("after unfollowing, home shows %q (%v)", bodies(page), err)
	}
	var invalid *InvalidError
	if err := s.Follow(t.Context(), me.ID, me.ID); !errors.As(err, &invalid) {
		t.Errorf("following oneself: %v", err)
	}
}

// TestTimelinesArePagedByWhatWasReadLast also crosses the lookback windows, whose edges must neither hide nor repeat.
func TestTimelinesArePagedByWhatWasReadLast(t *testing.T) {
	s := newStore(t)
	me, friend := newUser(t, s, "me"), newUser(t, s, "friend")
	if err := s.Follow(t.Context(), me.ID, friend.ID); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 50 { // from now to weeks ago
		made := time.Now().Add(-time.Duration(i*i*i) * 30 * time.Second)
		want = append(want, fmt.Sprintf("word %d", i))
		author := []User{me, friend}[i%2]
		if _, err := s.exec(t.Context(), `insert into posts (user_id, id, body) values ($1, $2, $3)`, author.ID,
			firstID(made)+ID(50-i), want[i]); err != nil {
			t.Fatal(err)
		}
	}
	for name, read := range map[string]func(before ID) (Page, error){
		"home":   func(before ID) (Page, error) { return s.Home(t.Context(), me.ID, before) },
		"public": func(before ID) (Page, error) { return s.Public(t.Context(), me.ID, before) },
		"search": func(before ID) (Page, error) { return s.Search(t.Context(), me.ID, "word", before) },
	} {
		var got []string
		pages := 0
		for before := ID(0); ; pages++ {
			page, err := read(before)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.Split(bodies(page), ",")...)
			if before = page.Next; before == 0 {
				break
			}
		}
		if !slices.Equal(got, want) || pages != 2 {
			t.Errorf("%s reads %v on %d further pages", name, got, pages)
		}
	}
}

func TestSearchFindsEveryWordAsABeginning(t *testing.T) {
	s := newStore(t)
	maya := newUser(t, s, "maya")
	for _, body := range []string{"Sourdough bread #baking", "bread and butter", "Grüße aus Köln"} {
		newPost(t, s, maya, body)
	}
	for query, want := range map[string]string{
		"bread": "bread and butter,Sourdough bread #baking", "BREAD sour": "Sourdough bread #baking", "#baking": "Sourdough bread #baking",
		"read": "", "köl": "Grüße aus Köln", "": "", "& | ! ( :* ' \\": "", "bread:*|nothing": "",
	} {
		if page, err := s.Search(t.Context(), 0, query, 0); err != nil || bodies(page) != want {
			t.Errorf("%q finds %q (%v), want %q", query, bodies(page), err, want)
		}
	}
	for typed, want := range map[string]int{"ma": 1, "@MAYA": 1, "m": 0, "%": 0, "ma_": 0, "ya": 0} {
		if found, err := s.FindUsers(t.Context(), typed, 5); err != nil || len(found) != want {
			t.Errorf("%q finds %d people (%v), want %d", typed, len(found), err, want)
		}
	}
}

func TestLikesAreCountedOncePerPerson(t *testing.T) {
	s := newStore(t)
	author, reader := newUser(t, s, "author"), newUser(t, s, "reader")
	post := newPost(t, s, author, "likable")
	steps := []struct {
		do    func(context.Context, ID, ID, ID) error
		who   User
		likes int
		liked bool // by the reader
	}{
		{s.Like, reader, 1, true}, {s.Like, reader, 1, true}, {s.Like, author, 2, true},
		{s.Unlike, reader, 1, false}, {s.Unlike, reader, 1, false}, {s.Unlike, author, 0, false},
	}
	for i, step := range steps {
		if err := step.do(t.Context(), step.who.ID, author.ID, post); err != nil {
			t.Fatal(err)
		}
		got, err := s.Post(t.Context(), reader.ID, author.ID, post)
		if err != nil || got.Likes != step.likes || got.Liked != step.liked {
			t.Errorf("step %d: %d likes, liked %v (%v); want %d, %v", i, got.Likes, got.Liked, err, step.likes, step.liked)
		}
	}
	if err := s.Like(t.Context(), reader.ID, author.ID, post+1); !errors.Is(err, ErrNotFound) {
		t.Errorf("liking a post that is not there: %v, want ErrNotFound", err)
	}
}

func TestADeletedPostTakesItsLikesAndImageAlong(t *testing.T) {
	s := newStore(t)
	maya := newUser(t, s, "maya")
	ref, err := s.CreateImage(t.Context(), maya.ID, Picture{ContentType: "image/png", Width: 1, Height: 1, Content: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveThumbnail(t.Context(), ref, Picture{ContentType: "image/jpeg", Content: []byte("y")}); err != nil {
		t.Fatal(err)
	}
	id, err := s.CreatePost(t.Context(), maya.ID, ref.ID, "look")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Like(t.Context(), maya.ID, maya.ID, id); err != nil {
		t.Fatal(err)
	}
	for range 2 { // deleting again is no error
		if err := s.DeletePost(t.Context(), maya.ID, id); err != nil {
			t.Fatal(err)
		}
	}
	left, err := collectOne(t.Context(), s, scanCount, `select (select count(*) from posts) + (select count(*) from likes) +
		(select count(*) from images) + (select count(*) from thumbnails) where $1`, true)
	if err != nil || left != 0 {
		t.Errorf("%d rows are left of a deleted post (%v)", left, err)
	}
}
