package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ladder/internal/pgtest"
)

var server *pgtest.Server // one PostgreSQL for all tests, set by TestMain

func TestMain(m *testing.M) {
	var err error
	if server, err = pgtest.Open(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
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

func TestInstancesThatStartAtOnceMigrateOnce(t *testing.T) {
	url := server.Database(t)
	var starting sync.WaitGroup
	failures := make(chan error, 4)
	for range 4 {
		starting.Go(func() {
			s, err := Open(t.Context(), Options{URL: url})
			if err == nil {
				_, err = s.Public(t.Context(), 0, 0)
				s.Close()
			}
			failures <- err
		})
	}
	starting.Wait()
	for range 4 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	s := open(t, url)
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	applied, err := collect(t.Context(), s, scanText, `select name from schema_migrations where version > $1 order by version`, 0)
	if err != nil || len(applied) != len(files) {
		t.Errorf("applied %v (%v), want each of %d files once", applied, err, len(files))
	}
}

func TestMigrationsMustBeNumberedWithoutGaps(t *testing.T) {
	for _, name := range []string{"migrations/0002_late.sql", "migrations/first.sql"} {
		if _, err := readMigrations(fstest.MapFS{name: {Data: []byte("select 1")}}); err == nil {
			t.Errorf("%s is accepted as the first migration", name)
		}
	}
	migrations, err := readMigrations(fstest.MapFS{"migrations/0001_a.sql": {Data: []byte("select 1\n-- next\nselect ';'")}})
	if err != nil || len(migrations) != 1 || len(migrations[0].statements) != 2 {
		t.Errorf("got %+v, %v; want one migration of two statements", migrations, err)
	}
}

func TestEveryPrimaryKeyBeginsWithItsOwner(t *testing.T) {
	s := newStore(t)
	odd, err := collect(t.Context(), s, scanText, `select c.relname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
		join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
		where k.contype = 'p' and c.relnamespace = 'public'::regnamespace and a.attname <> $1`, "user_id")
	if err != nil || !slices.Equal(odd, []string{"schema_migrations"}) {
		t.Errorf("tables whose key does not begin with user_id: %v (%v)", odd, err)
	}
	// A foreign key that names the owner on both sides stays within one database.
	crossing, err := collect(t.Context(), s, scanText, `select k.conname::text from pg_constraint k
		join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
		join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
		where k.contype = 'f' and (a.attname <> $1 or b.attname <> $1)`, "user_id")
	if err != nil || len(crossing) != 0 {
		t.Errorf("foreign keys that may cross users: %v (%v)", crossing, err)
	}
}

func TestSessions(t *testing.T) {
	s := newStore(t)
	maya, noor := newUser(t, s, "maya"), newUser(t, s, "noor")
	token, err := s.CreateSession(t.Context(), maya.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Session(t.Context(), token); err != nil || got.Username != "maya" {
		t.Errorf("the token signs in %q (%v), want maya", got.Username, err)
	}
	_, secret, _ := strings.Cut(token, ".")
	for name, wrong := range map[string]string{
		"of another user": noor.ID.String() + "." + secret, "empty": "", "garbage": "x.y", "shortened": token[:len(token)-4],
		"changed": maya.ID.String() + "." + strings.Repeat("A", len(secret)),
	} {
		if _, err := s.Session(t.Context(), wrong); !errors.Is(err, ErrNotFound) {
			t.Errorf("a token that is %s: %v, want ErrNotFound", name, err)
		}
	}
	if stored, err := collectOne(t.Context(), s, scanText, `select encode(token_hash, 'escape') from sessions where user_id = $1`,
		maya.ID); err != nil || strings.Contains(stored, secret) {
		t.Errorf("the database keeps the token itself (%v)", err)
	}
	if _, err := s.exec(t.Context(), `update sessions set expires_at = now() - interval '1 second' where user_id = $1`, maya.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired session: %v, want ErrNotFound", err)
	}
	again, err := s.CreateSession(t.Context(), maya.ID)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := collectOne(t.Context(), s, scanCount, `select count(*) from sessions where user_id = $1`, maya.ID); err != nil || left != 1 {
		t.Errorf("%d sessions left (%v), want the expired one gone", left, err)
	}
	if err := s.DeleteSession(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), again); !errors.Is(err, ErrNotFound) {
		t.Errorf("after signing out: %v, want ErrNotFound", err)
	}
}

func TestAccounts(t *testing.T) {
	s := newStore(t)
	hasher := passwords(t)
	newUser(t, s, "maya")
	if _, err := s.CreateUser(t.Context(), "maya", "", "another one", hasher); !errors.Is(err, ErrTaken) {
		t.Errorf("a taken name: %v, want ErrTaken", err)
	}
	if got, err := s.CheckPassword(t.Context(), "maya", "long enough", hasher); err != nil || got.DisplayName != "maya" {
		t.Errorf("the right password: %+v, %v", got, err)
	}
	for username, password := range map[string]string{"maya": "wrong", "nobody": "long enough"} {
		if _, err := s.CheckPassword(t.Context(), username, password, hasher); !errors.Is(err, ErrWrongPassword) {
			t.Errorf("%s with %q: %v, want ErrWrongPassword", username, password, err)
		}
	}
	for field, c := range map[string][3]string{
		"username": {"no spaces", "", "long enough"}, "password": {"noor", "", "short"},
		"display_name": {"noor", strings.Repeat("x", MaxDisplayName+1), "long enough"},
	} {
		var invalid *InvalidError
		if _, err := s.CreateUser(t.Context(), c[0], c[1], c[2], hasher); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("a wrong %s: %v", field, err)
		}
	}
}

func TestOneNameIsGivenOnceHoweverManyAsk(t *testing.T) {
	s := newStore(t)
	hasher := passwords(t)
	const askers = 6
	var asking sync.WaitGroup
	results := make(chan error, askers)
	for i := range askers {
		asking.Go(func() {
			_, err := s.CreateUser(t.Context(), "wanted", "", fmt.Sprintf("password %d", i), hasher)
			results <- err
		})
	}
	asking.Wait()
	got := 0
	for range askers {
		if err := <-results; err == nil {
			got++
		} else if !errors.Is(err, ErrTaken) {
			t.Error(err)
		}
	}
	if got != 1 {
		t.Errorf("%d people got the name", got)
	}
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

// TestARestartOfTheServerCostsNothing is why every operation may run twice: all pooled connections are dead at once.
func TestARestartOfTheServerCostsNothing(t *testing.T) {
	own := pgtest.Start(t)
	s := open(t, own.URL)
	maya := newUser(t, s, "maya")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := exhaust(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		own.Restart(t, signal)
		id, err := s.CreatePost(t.Context(), maya.ID, 0, "after "+signal.String())
		if err != nil {
			t.Errorf("a post right after %v: %v", signal, err)
		}
		if _, err := s.Post(t.Context(), 0, maya.ID, id); err != nil {
			t.Errorf("reading it back: %v", err)
		}
	}
	own.Stop(t)
	if _, err := s.Public(t.Context(), 0, 0); !Unavailable(err) {
		t.Errorf("without a server: %v, want an error that says to try again later", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	s.lastSuccess.Store(0)
	if err := s.Ready(ctx); err == nil {
		t.Error("the store is ready without a server")
	}
	own.Resume(t)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("after the server came back: %v", err)
	}
}

// exhaust opens every connection that the pool may have.
func exhaust(ctx context.Context, s *Store) error {
	for range maxConnections {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
	}
	return nil
}

func TestOpenGivesUpOnADatabaseThatNeverAnswers(t *testing.T) {
	_, err := Open(t.Context(), Options{URL: "postgres://nobody@127.0.0.1:1/none?sslmode=disable", StartTimeout: 300 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("got %v, want an error that names DATABASE_URL", err)
	}
	if _, err := Open(t.Context(), Options{URL: "postgres://%%"}); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("got %v, want an error that names DATABASE_URL", err)
	}
	// A wrong answer is not waited for.
	_, err = Open(t.Context(), Options{URL: strings.Replace(server.URL, "/postgres?", "/missing?", 1)})
	if err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v, want the server's own words", err)
	}
}

func TestOpenWaitsForADatabaseThatIsStarting(t *testing.T) {
	own := pgtest.Start(t)
	own.Stop(t)
	opened := make(chan error, 1)
	go func() {
		s, err := Open(context.Background(), Options{URL: own.URL})
		if err == nil {
			s.Close()
		}
		opened <- err
	}()
	own.Resume(t)
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestListenHearsPostsOfOtherInstancesAlsoAfterARestart(t *testing.T) {
	own := pgtest.Start(t)
	listener, writer := open(t, own.URL), open(t, own.URL)
	maya := newUser(t, writer, "maya")
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan Post, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		listener.Listen(ctx, func(post Post) { heard <- post })
	}()
	hear := func() { // posts until one is heard: nobody says when listening has begun
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			id := newPost(t, writer, maya, `says "hi"`)
			select {
			case post := <-heard:
				if post.Username != "maya" || post.Body != `says "hi"` || post.ID > id {
					t.Errorf("heard %+v", post)
				}
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
		t.Fatal("no post was heard")
	}
	hear()
	own.Restart(t)
	for len(heard) > 0 {
		<-heard
	}
	hear()
	cancel()
	<-ended
}

func TestConnectionLostTellsBrokenConnectionsFromErrors(t *testing.T) {
	for code, want := range map[string]bool{"57P01": true, "57P03": true, "08006": true, "23505": false, "40001": false, "57014": false} {
		if got := connectionLost(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("SQLSTATE %s: %v, want %v", code, got, want)
		}
	}
	for _, err := range []error{nil, ErrNotFound, context.Canceled, context.DeadlineExceeded, pgx.ErrNoRows} {
		if connectionLost(err) {
			t.Errorf("%v is taken for a broken connection", err)
		}
	}
}
