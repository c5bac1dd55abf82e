package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"
)

// SessionLifetime is how long a sign-in lasts.
const SessionLifetime = 30 * 24 * time.Hour

const sessionTokenBytes = 32

// ErrWrongPassword is returned for a pair of name and password that does not fit, without saying which is wrong.
var ErrWrongPassword = &InvalidError{Field: "password", Message: "Wrong username or password."}

// Passwords hashes and checks passwords, on no more than one processor's worth at a time per processor: a rush of
// sign-ins queues here instead of slowing every page down.
type Passwords struct {
	cost  int
	slots chan struct{}
	decoy []byte
}

// NewPasswords uses bcrypt with the given cost, 4 to 31; each step doubles the work.
func NewPasswords(cost int) (*Passwords, error) {
	decoy, err := bcrypt.GenerateFromPassword([]byte("nobody has this password"), cost)
	if err != nil {
		return nil, fmt.Errorf("bcrypt cost %d: %w", cost, err)
	}
	return &Passwords{cost: cost, slots: make(chan struct{}, runtime.GOMAXPROCS(0)), decoy: decoy}, nil
}

func (p *Passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer p.release()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), p.cost)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return string(hash), nil
}

// matches takes as long for an unknown user (an empty hash) as for a known one.
func (p *Passwords) matches(ctx context.Context, hash, password string) (bool, error) {
	if err := p.acquire(ctx); err != nil {
		return false, err
	}
	defer p.release()
	if hash == "" {
		_ = bcrypt.CompareHashAndPassword(p.decoy, []byte(password)) // for its duration only
		return false, nil
	}
	return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil, nil
}

func (p *Passwords) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting to check a password: %w", context.Cause(ctx))
	}
}

func (p *Passwords) release() { <-p.slots }

// CheckPassword returns the user whose normalized name and password these are, or [ErrWrongPassword].
func (s *Store) CheckPassword(ctx context.Context, username, password string, hasher *Passwords) (User, error) {
	var hash string
	user, err := collectOne(ctx, s, func(row pgx.CollectableRow) (u User, err error) {
		err = row.Scan(&u.ID, &u.Username, &u.DisplayName, &u.Bio, &u.CreatedAt, &hash)
		return u, err
	}, `select user_id, username, display_name, bio, created_at, password_hash from users
		where user_id = $1 and username = $2`, UserID(username), username)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	fits, err := hasher.matches(ctx, hash, password)
	if err != nil {
		return User{}, err
	}
	if !fits {
		return User{}, ErrWrongPassword
	}
	return user, nil
}

// CreateSession signs a user in and returns the token for their cookie. Sessions of theirs that have expired go away.
func (s *Store) CreateSession(ctx context.Context, id ID) (token string, err error) {
	secret := make([]byte, sessionTokenBytes)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("making a session: %w", err)
	}
	hash := sha256.Sum256(secret)
	if _, err := s.exec(ctx, `delete from sessions where user_id = $1 and expires_at < now()`, id); err != nil {
		return "", fmt.Errorf("removing old sessions: %w", err)
	}
	_, err = s.exec(ctx, `insert into sessions (user_id, token_hash, expires_at) values ($1, $2, $3)
		on conflict (user_id, token_hash) do nothing`, id, hash[:], time.Now().Add(SessionLifetime))
	if err != nil {
		return "", fmt.Errorf("saving a session: %w", err)
	}
	return id.String() + "." + base64.RawURLEncoding.EncodeToString(secret), nil
}

// Session returns the user whom a token signs in, or [ErrNotFound].
func (s *Store) Session(ctx context.Context, token string) (User, error) {
	id, hash, err := parseToken(token)
	if err != nil {
		return User{}, err
	}
	return collectOne(ctx, s, scanUser, `select u.user_id, u.username, u.display_name, u.bio, u.created_at
		from sessions s join users u on u.user_id = s.user_id
		where s.user_id = $1 and s.token_hash = $2 and s.expires_at > now()`, id, hash)
}

// DeleteSession signs a token out; an unknown one is no error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	id, hash, err := parseToken(token)
	if err != nil {
		return nil //nolint:nilerr // what is no token signs nobody in
	}
	_, err = s.exec(ctx, `delete from sessions where user_id = $1 and token_hash = $2`, id, hash)
	return err
}

// parseToken splits USER.SECRET. The user is in the token so that the session is found where the user's rows are.
func parseToken(token string) (ID, []byte, error) {
	owner, encoded, _ := strings.Cut(token, ".")
	id, err := ParseID(owner)
	if err != nil {
		return 0, nil, ErrNotFound
	}
	secret, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || len(secret) != sessionTokenBytes {
		return 0, nil, ErrNotFound
	}
	hash := sha256.Sum256(secret)
	return id, hash[:], nil
}
