// Package web is chirp's HTTP side: pages, forms, the JSON API beside them, images and the stream of new posts. It keeps
// no state that another instance would miss; that is all in package store. Start with [New] and [Server.Handler].
package web

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"ladder/demo/chirp/store"
	"ladder/demo/chirp/thumbnail"
)

const (
	// thumbnailWorkers make pictures at the same time. One: it is pure computing, and requests come first.
	thumbnailWorkers = 1
	// thumbnailsWaiting is how many more may wait. Beyond, the next view of the image asks again.
	thumbnailsWaiting = 256
	// concurrentUploads bounds the memory of requests that carry an image: each may hold maxUploadBody and more.
	concurrentUploads = 8
)

// Options of [New].
type Options struct {
	Store     *store.Store
	Passwords *store.Passwords
	Logger    *slog.Logger
}

// Server answers requests.
type Server struct {
	store       *store.Store
	passwords   *store.Passwords
	logger      *slog.Logger
	assets      *assets
	templates   map[string]*template.Template
	hub         *hub
	suggestions *suggestions
	thumbnails  *thumbnail.Workers[store.ImageRef]
	uploads     chan struct{} // one slot for each request that carries an image
	handler     http.Handler
	stopBackground
}

// stopBackground ends what New started.
type stopBackground struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// New builds the handler and starts what runs beside requests; [Server.Close] ends it.
func New(options Options) (*Server, error) {
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	templates, err := loadTemplates(files)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		store: options.Store, passwords: options.Passwords, logger: options.Logger,
		assets: files, templates: templates, hub: newHub(),
		suggestions:    &suggestions{load: options.Store.Newest},
		uploads:        make(chan struct{}, concurrentUploads),
		stopBackground: stopBackground{cancel: cancel, done: make(chan struct{})},
	}
	s.thumbnails = thumbnail.NewWorkers(thumbnailWorkers, thumbnailsWaiting, s.makeThumbnailInBackground)
	s.handler = s.recovered(s.secured(s.keyed(s.routes())))
	go func() {
		defer close(s.done)
		s.store.Listen(ctx, s.hub.publish)
	}()
	return s, nil
}

// Handler answers every request.
func (s *Server) Handler() http.Handler { return s.handler }

// EndStreams ends the open event streams, which would otherwise hold up a graceful stop; clients connect again elsewhere.
func (s *Server) EndStreams() { s.hub.close() }

// Close ends the background: queued thumbnails are finished until ctx is done.
func (s *Server) Close(ctx context.Context) error {
	s.hub.close()
	s.cancel()
	<-s.done
	if err := s.thumbnails.Close(ctx); err != nil {
		return fmt.Errorf("finishing thumbnails: %w", err)
	}
	return nil
}

// routes is the table of everything that can be asked for. Profiles are at /@name; see atNames.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	pages := map[string]pageHandler{
		"GET /{$}": s.home, "GET /public": s.public, "GET /search": s.search,
		"GET /signup": s.signUpPage, "POST /signup": s.signUp, "GET /signin": s.signInPage, "POST /signin": s.signIn,
		"POST /signout":         s.signOut,
		"GET /users/{username}": s.profile, "GET /users/{username}/{post}": s.post,
		"GET /users/{username}/following": s.following, "GET /users/{username}/followers": s.followers,
		"GET /api/posts": s.apiPublic, "GET /api/search": s.apiSearch,
		"GET /api/users/{username}": s.apiUser, "GET /api/users/{username}/posts": s.apiPostsBy,
		"GET /api/users/{username}/posts/{post}": s.apiPost,
		"POST /api/users":                        s.apiSignUp, "POST /api/session": s.apiSignIn, "DELETE /api/session": s.apiSignOut,
		"/": s.nothingHere,
	}
	members := map[string]memberHandler{
		"GET /settings": s.settingsPage, "POST /settings": s.settings, "POST /posts": s.createPost,
		"POST /users/{username}/follow": s.follow, "POST /users/{username}/unfollow": s.unfollow,
		"POST /users/{username}/{post}/like": s.like, "POST /users/{username}/{post}/unlike": s.unlike,
		"POST /users/{username}/{post}/delete": s.deletePost, "POST /images": s.uploadImage,
		"GET /api/me": s.apiMe, "GET /api/home": s.apiHome, "POST /api/posts": s.apiCreatePost,
		"DELETE /api/users/{username}/posts/{post}":   s.apiDeletePost,
		"PUT /api/users/{username}/posts/{post}/like": s.apiLike, "DELETE /api/users/{username}/posts/{post}/like": s.apiUnlike,
		"PUT /api/users/{username}/follow": s.apiFollow, "DELETE /api/users/{username}/follow": s.apiUnfollow,
	}
	plain := map[string]plainHandler{
		"GET /images/{image}": s.image, "GET /images/{image}/thumbnail": s.thumbnail, "POST /work/thumbnail": s.workThumbnail,
		"GET /static/{name}": s.assets.serve, "GET /favicon.ico": s.favicon, "GET /stream": s.stream, "GET /healthz": s.healthz,
	}
	for pattern, handle := range pages {
		mux.Handle(pattern, s.forAnybody(handle))
	}
	for pattern, handle := range members {
		mux.Handle(pattern, s.forMembers(handle))
	}
	for pattern, handle := range plain {
		mux.Handle(pattern, s.plain(handle))
	}
	return atNames(mux)
}

// healthTimeout is below the second that a health check usually has.
const healthTimeout = 700 * time.Millisecond

// healthz says whether this instance can serve: it can when the database answers.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	if err := s.store.Ready(ctx); err != nil {
		s.logger.Warn("not ready", "error", err)
		return &statusError{http.StatusServiceUnavailable, "The database does not answer.", ""}
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}
