package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Limits of what people may enter, in characters.
const (
	MaxUsername    = 20
	MaxDisplayName = 40
	MaxBio         = 160
	MaxPost        = 280
	// MinPassword and MaxPassword are in bytes; bcrypt reads no more than 72.
	MinPassword = 8
	MaxPassword = 72
)

// User is somebody's public side.
type User struct {
	ID          ID
	Username    string
	DisplayName string
	Bio         string
	CreatedAt   time.Time
}

// InvalidError is an entry that breaks a rule; Message is for the person who made it.
type InvalidError struct {
	Field   string
	Message string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }

// ErrTaken is returned for a username that somebody has already.
var ErrTaken = &InvalidError{Field: "username", Message: "This username is taken."}

var usernamePattern = regexp.MustCompile(`^[a-z0-9_]{2,20}$`)

// NormalizeUsername lower-cases what was typed and drops a leading @.
func NormalizeUsername(typed string) string {
	return strings.ToLower(strings.TrimPrefix(strings.TrimSpace(typed), "@"))
}

func validateAccount(username, displayName, password string) error {
	if !usernamePattern.MatchString(username) {
		return &InvalidError{"username", fmt.Sprintf("A username has 2 to %d letters, digits or underscores.", MaxUsername)}
	}
	if len(password) < MinPassword || len(password) > MaxPassword {
		return &InvalidError{"password", fmt.Sprintf("A password has %d to %d characters.", MinPassword, MaxPassword)}
	}
	return validateText("display_name", "Your name", displayName, 1, MaxDisplayName)
}

func validateText(field, what, text string, least, most int) error {
	length := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return &InvalidError{field, what + " contains something that is not text."}
	case length < least:
		return &InvalidError{field, what + " is missing."}
	case length > most:
		return &InvalidError{field, fmt.Sprintf("%s may have up to %d characters; this has %d.", what, most, length)}
	}
	return nil
}

// CreateUser makes an account for a normalized username. It fails with [InvalidError], of which [ErrTaken] is one.
func (s *Store) CreateUser(ctx context.Context, username, displayName, password string, hasher *Passwords) (User, error) {
	if displayName = strings.TrimSpace(displayName); displayName == "" {
		displayName = username
	}
	if err := validateAccount(username, displayName, password); err != nil {
		return User{}, err
	}
	id := UserID(username)
	if _, err := s.User(ctx, username); err == nil { // before the expensive part
		return s.createdBefore(ctx, username, password, hasher)
	}
	hash, err := hasher.hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	_, err = s.exec(ctx, `insert into users (user_id, username, display_name, password_hash, request_key)
		values ($1, $2, $3, $4, $5) on conflict (user_id) do nothing`, id, username, displayName, hash, requestKey(ctx))
	if err != nil {
		return User{}, fmt.Errorf("creating user %s: %w", username, err)
	}
	// The hash is salted, so it tells our row from that of somebody who was faster, also when the insert ran twice.
	user, err := collectOne(ctx, s, scanUser, selectUser+` where user_id = $1 and password_hash = $2`, id, hash)
	if errors.Is(err, ErrNotFound) {
		return s.createdBefore(ctx, username, password, hasher)
	}
	return user, err
}

// createdBefore is the account that this same request made when it came for the first time, or [ErrTaken].
func (s *Store) createdBefore(ctx context.Context, username, password string, hasher *Passwords) (User, error) {
	key := givenRequestKey(ctx)
	if key == "" {
		return User{}, ErrTaken
	}
	_, err := collectOne(ctx, s, scanID, `select user_id from users where user_id = $1 and request_key = $2`, UserID(username), key)
	if errors.Is(err, ErrNotFound) {
		return User{}, ErrTaken
	}
	if err != nil {
		return User{}, err
	}
	user, err := s.CheckPassword(ctx, username, password, hasher) // the key alone opens no account
	if err != nil {
		return User{}, ErrTaken
	}
	return user, nil
}

const selectUser = `select user_id, username, display_name, bio, created_at from users`

func scanUser(row pgx.CollectableRow) (u User, err error) {
	err = row.Scan(&u.ID, &u.Username, &u.DisplayName, &u.Bio, &u.CreatedAt)
	return u, err
}

// User finds somebody by normalized username.
func (s *Store) User(ctx context.Context, username string) (User, error) {
	return collectOne(ctx, s, scanUser, selectUser+` where user_id = $1 and username = $2`, UserID(username), username)
}

// UpdateProfile changes what a user says of themselves.
func (s *Store) UpdateProfile(ctx context.Context, id ID, displayName, bio string) error {
	displayName, bio = strings.TrimSpace(displayName), strings.TrimSpace(bio)
	if err := validateText("display_name", "Your name", displayName, 1, MaxDisplayName); err != nil {
		return err
	}
	if err := validateText("bio", "The text about you", bio, 0, MaxBio); err != nil {
		return err
	}
	_, err := s.exec(ctx, `update users set display_name = $2, bio = $3 where user_id = $1`, id, displayName, bio)
	return err
}

// Newest returns the people who signed up last.
func (s *Store) Newest(ctx context.Context, limit int) ([]User, error) {
	return collect(ctx, s, scanUser, selectUser+` order by created_at desc limit $1`, limit)
}

// FindUsers returns people whose username begins with what was typed.
func (s *Store) FindUsers(ctx context.Context, typed string, limit int) ([]User, error) {
	prefix := NormalizeUsername(typed)
	if !usernamePattern.MatchString(prefix) {
		return nil, nil
	}
	pattern := strings.ReplaceAll(prefix, "_", `\_`) + "%"
	return collect(ctx, s, scanUser, selectUser+` where username like $1 order by username limit $2`, pattern, limit)
}

// users returns the given people, by name.
func (s *Store) users(ctx context.Context, ids []ID) ([]User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return collect(ctx, s, scanUser, selectUser+` where user_id = any($1) order by username`, ids)
}
