package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// MaxFollowees bounds how many people one user may follow, and with it what a home timeline costs.
const MaxFollowees = 1000

// Counts are the numbers on a profile.
type Counts struct {
	Posts     int
	Following int // how many people the profile's owner follows
	Followers int
}

// Follow lets follower see followee's posts; again is no error.
//
// The edge is kept at both ends, by two statements each of which touches one user's rows. The follower's end counts: it
// is written first. If the second write is lost, a number of followers is one short until the button is pressed again.
func (s *Store) Follow(ctx context.Context, follower, followee ID) error {
	if follower == followee {
		return &InvalidError{"username", "You see your own posts anyway."}
	}
	following, err := collectOne(ctx, s, scanCount, `select count(*) from follows where user_id = $1`, follower)
	if err != nil {
		return err
	}
	if following >= MaxFollowees {
		return &InvalidError{"username", "You follow as many people as chirp allows. Unfollow somebody first."}
	}
	_, err = s.exec(ctx, `insert into follows (user_id, followee_id) values ($1, $2)
		on conflict (user_id, followee_id) do nothing`, follower, followee)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `insert into followers (user_id, follower_id) values ($1, $2)
		on conflict (user_id, follower_id) do nothing`, followee, follower)
	return err
}

// Unfollow undoes [Store.Follow].
func (s *Store) Unfollow(ctx context.Context, follower, followee ID) error {
	_, err := s.exec(ctx, `delete from follows where user_id = $1 and followee_id = $2`, follower, followee)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `delete from followers where user_id = $1 and follower_id = $2`, followee, follower)
	return err
}

// Follows reports whether follower follows followee.
func (s *Store) Follows(ctx context.Context, follower, followee ID) (bool, error) {
	return collectOne(ctx, s, scanBool,
		`select exists (select from follows where user_id = $1 and followee_id = $2)`, follower, followee)
}

// FolloweesAmong tells which of some people a user follows.
func (s *Store) FolloweesAmong(ctx context.Context, owner ID, people []User) ([]ID, error) {
	ids := make([]ID, len(people))
	for i, person := range people {
		ids[i] = person.ID
	}
	return collect(ctx, s, scanID, `select followee_id from follows where user_id = $1 and followee_id = any($2)`, owner, ids)
}

// Counts of a profile.
func (s *Store) Counts(ctx context.Context, owner ID) (Counts, error) {
	return collectOne(ctx, s, func(row pgx.CollectableRow) (c Counts, err error) {
		err = row.Scan(&c.Posts, &c.Following, &c.Followers)
		return c, err
	}, `select (select count(*) from posts where user_id = $1),
		(select count(*) from follows where user_id = $1),
		(select count(*) from followers where user_id = $1)`, owner)
}

// Followees are the people whom a user follows, by name.
func (s *Store) Followees(ctx context.Context, owner ID) ([]User, error) {
	ids, err := s.followees(ctx, owner)
	if err != nil {
		return nil, err
	}
	return s.users(ctx, ids)
}

// Followers are the people who follow a user, by name; no more than [MaxFollowees] of them.
func (s *Store) Followers(ctx context.Context, owner ID) ([]User, error) {
	ids, err := collect(ctx, s, scanID, `select follower_id from followers where user_id = $1 limit $2`, owner, MaxFollowees)
	if err != nil {
		return nil, err
	}
	return s.users(ctx, ids)
}

func (s *Store) followees(ctx context.Context, owner ID) ([]ID, error) {
	return collect(ctx, s, scanID, `select followee_id from follows where user_id = $1 limit $2`, owner, MaxFollowees)
}
