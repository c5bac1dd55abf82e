package store

import (
	"errors"
	"testing"
)

func TestARequestThatComesTwiceMakesOnePost(t *testing.T) {
	s := newStore(t)
	maya, noah := newUser(t, s, "maya"), newUser(t, s, "noah")
	ctx := WithRequestKey(t.Context(), "key")
	first, err := s.CreatePost(ctx, maya.ID, 0, "once")
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.CreatePost(ctx, maya.ID, 0, "once")
	if err != nil || again != first {
		t.Errorf("the same request made %v and %v, %v", first, again, err)
	}
	other, err := s.CreatePost(ctx, noah.ID, 0, "another's key of the same name")
	if err != nil || other == first {
		t.Errorf("keys of two users met: %v, %v", other, err)
	}
	without, err := s.CreatePost(t.Context(), maya.ID, 0, "once")
	if err != nil || without == first {
		t.Errorf("a request without a key: %v, %v", without, err)
	}
}

func TestARequestThatComesTwiceKeepsOneImage(t *testing.T) {
	s := newStore(t)
	maya := newUser(t, s, "maya")
	ctx := WithRequestKey(t.Context(), "key")
	picture := Picture{ContentType: "image/png", Width: 1, Height: 1, Content: []byte("x")}
	first, err := s.CreateImage(ctx, maya.ID, picture)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.CreateImage(ctx, maya.ID, picture); err != nil || again != first {
		t.Errorf("the same request kept %v and %v, %v", first, again, err)
	}
}

func TestARequestThatComesTwiceMakesOneAccount(t *testing.T) {
	s, hasher := newStore(t), passwords(t)
	ctx := WithRequestKey(t.Context(), "key")
	first, err := s.CreateUser(ctx, "maya", "", "long enough", hasher)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.CreateUser(ctx, "maya", "", "long enough", hasher); err != nil || again.ID != first.ID {
		t.Errorf("the same request: %+v, %v", again, err)
	}
	if _, err := s.CreateUser(ctx, "maya", "", "another password", hasher); !errors.Is(err, ErrTaken) {
		t.Errorf("the key with another password: %v", err)
	}
	if _, err := s.CreateUser(WithRequestKey(t.Context(), "other"), "maya", "", "long enough", hasher); !errors.Is(err, ErrTaken) {
		t.Errorf("another key: %v", err)
	}
	if _, err := s.CreateUser(t.Context(), "maya", "", "long enough", hasher); !errors.Is(err, ErrTaken) {
		t.Errorf("no key: %v", err)
	}
}
