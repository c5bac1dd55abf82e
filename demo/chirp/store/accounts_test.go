package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

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
