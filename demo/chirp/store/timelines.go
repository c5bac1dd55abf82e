package store

import (
	"context"
	"math"
	"strings"
	"time"
	"unicode"
)

// lookback windows of a timeline that is selected from many posts and then cut to one page. Most pages are full of
// the last minutes; asking for those first keeps the work independent of how much the followed people ever wrote.
// The last window has no lower end.
var lookback = [...]time.Duration{15 * time.Minute, 48 * time.Hour, math.MaxInt64}

// Home is what the viewer and the people they follow wrote, before the given ID (0: from the newest).
//
// Fan-out on read, in two statements instead of a join: the first reads the viewer's own rows, the second is an ordered,
// limited scan over posts of a list of users. Spread over several databases the second one goes to each of them and
// the results are merged by ID; a join of follows with posts could not.
func (s *Store) Home(ctx context.Context, viewer, before ID) (Page, error) {
	authors, err := s.followees(ctx, viewer)
	if err != nil {
		return Page{}, err
	}
	authors = append(authors, viewer)
	return recentFirst(before, func(since, before ID) ([]Post, error) {
		return collect(ctx, s, scanPost, postsSeenBy+`where p.user_id = any($2) and p.id > $3 and p.id < $4
			order by p.id desc, p.user_id desc limit $5`, viewer, authors, since, before, PageSize+1)
	})
}

// Search finds posts that contain every word of the text, as a whole or as the beginning of a word.
func (s *Store) Search(ctx context.Context, viewer ID, text string, before ID) (Page, error) {
	words := searchWords(text)
	if words == "" {
		return Page{}, nil
	}
	return recentFirst(before, func(since, before ID) ([]Post, error) {
		return collect(ctx, s, scanPost, postsSeenBy+`where p.words @@ to_tsquery('simple', $2) and p.id > $3 and p.id < $4
			order by p.id desc, p.user_id desc limit $5`, viewer, words, since, before, PageSize+1)
	})
}

// Public is what everybody wrote.
func (s *Store) Public(ctx context.Context, viewer, before ID) (Page, error) {
	posts, err := collect(ctx, s, scanPost, postsSeenBy+`where p.id < $2
		order by p.id desc, p.user_id desc limit $3`, viewer, orNewest(before), PageSize+1)
	return cut(posts), err
}

// By is what one user wrote.
func (s *Store) By(ctx context.Context, viewer, author, before ID) (Page, error) {
	posts, err := collect(ctx, s, scanPost, postsSeenBy+`where p.user_id = $2 and p.id < $3
		order by p.id desc limit $4`, viewer, author, orNewest(before), PageSize+1)
	return cut(posts), err
}

// recentFirst widens the window until a page is full or nothing older is left.
func recentFirst(before ID, between func(since, before ID) ([]Post, error)) (Page, error) {
	before = orNewest(before)
	end := time.Now()
	if before < math.MaxInt64 {
		end = before.Time()
	}
	for i, window := range lookback {
		since := ID(0)
		if i < len(lookback)-1 {
			since = firstID(end.Add(-window))
		}
		posts, err := between(since, before)
		if err != nil {
			return Page{}, err
		}
		if len(posts) > PageSize || since == 0 {
			return cut(posts), nil
		}
	}
	return Page{}, nil // not reached: the last window has no lower end
}

func orNewest(before ID) ID {
	if before <= 0 {
		return math.MaxInt64
	}
	return before
}

// cut takes off the one post more than a page that was asked for to learn whether there is another page.
func cut(posts []Post) Page {
	if len(posts) <= PageSize {
		return Page{Posts: posts}
	}
	posts = posts[:PageSize]
	return Page{Posts: posts, Next: posts[PageSize-1].ID}
}

// maxSearchWords bounds what one search costs.
const maxSearchWords = 8

// searchWords turns what was typed into a tsquery of word beginnings. Only letters and digits get through, so nothing of
// the tsquery language does.
func searchWords(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	words = words[:min(len(words), maxSearchWords)]
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, ":* & ") + ":*"
}
