package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"ladder/config"
	"ladder/internal/hint"
)

func (s *Server) servePlan(w http.ResponseWriter, r *http.Request) {
	s.serveFile(w, r, s.options.Load().Controller.Plan)
}

func (s *Server) serveApply(w http.ResponseWriter, r *http.Request) {
	s.serveFile(w, r, s.options.Load().Controller.Apply)
}

// serveFile hands the body, the text of a file, to the controller and answers with the plan.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, do func(context.Context, []byte) (Plan, error)) {
	file, err := io.ReadAll(r.Body)
	if err != nil {
		failReading(w, err)
		return
	}
	var plan Plan
	err = s.act(w, r, func(ctx context.Context) (err error) {
		plan, err = do(ctx, file)
		return err
	})
	plan.Changes = orEmpty(plan.Changes)
	if err != nil {
		failAction(w, err, &plan)
		return
	}
	writeJSON(w, http.StatusOK, plan)
}

func (s *Server) serveRestart(w http.ResponseWriter, r *http.Request) {
	err := s.act(w, r, func(ctx context.Context) error {
		return s.options.Load().Controller.Restart(ctx, r.PathValue("name"))
	})
	if err != nil {
		failAction(w, err, nil)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// act runs an action. It goes on when the caller goes away: half an apply is worse than one that nobody waited for.
func (s *Server) act(w http.ResponseWriter, r *http.Request, do func(context.Context) error) error {
	began := time.Now()
	response := http.NewResponseController(w)
	_ = response.SetWriteDeadline(began.Add(ActionTimeout + WriteTimeout)) // a recorder in tests has no deadlines
	_ = response.SetReadDeadline(began.Add(ActionTimeout + ReadTimeout))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), ActionTimeout)
	defer cancel()
	err := do(ctx)
	s.logAction(r, began, err)
	return err
}

func failReading(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		fail(w, http.StatusRequestEntityTooLarge, Failure{Error: "the file is larger than 1 MiB"})
		return
	}
	fail(w, http.StatusBadRequest, Failure{Error: "the request's body could not be read: " + err.Error()})
}

// failAction tells mistakes in a file (422), an instance that there is not (404) and a node that could not do it (409) apart.
func failAction(w http.ResponseWriter, err error, plan *Plan) {
	failure := Failure{Error: err.Error(), Hint: hint.Of(err)}
	code := http.StatusConflict
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		code, failure.Problems = http.StatusUnprocessableEntity, problems
	case errors.Is(err, ErrUnknownInstance):
		code = http.StatusNotFound
	case errors.Is(err, context.DeadlineExceeded):
		code = http.StatusGatewayTimeout
	}
	if plan != nil && len(plan.Changes) > 0 {
		failure.Plan = plan
	}
	fail(w, code, failure)
}
