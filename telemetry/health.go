package telemetry

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// WarningsPerCode bounds how many subjects one code is kept for; the further ones are dropped, they would say the same.
const WarningsPerCode = 100

// Warning is a problem that holds now, for one subject. Its JSON form is part of the stable API.
type Warning struct {
	Code     WarningCode `json:"code"`
	Title    string      `json:"title"`
	Severity Severity    `json:"severity"`
	// Subject is what it is about: "app.1", "database". May be empty.
	Subject string `json:"subject,omitempty"`
	// Text is what is known of this case: "exited 5 times in 60s, last: exit status 1".
	Text string `json:"text"`
	// Hint is what to do about it.
	Hint string `json:"hint"`
	// DependsOn are the codes that would explain and hide this one.
	DependsOn []WarningCode `json:"depends_on,omitempty"`
	// Since is when it was first set.
	Since time.Time `json:"since"`
}

// Health is the set of warnings that hold now. A nil *Health takes everything and holds nothing.
type Health struct {
	table  map[WarningCode]Warnable
	events Events

	mu      sync.Mutex
	active  map[warningKey]Warning
	changed chan struct{}
}

type warningKey struct {
	code    WarningCode
	subject string
}

// NewHealth makes an empty set. Each warning that comes or goes is also published as an event, with code "warning_raised"
// or "warning_cleared".
func NewHealth(events Events) *Health {
	table := make(map[WarningCode]Warnable)
	for _, warnable := range Warnables() {
		table[warnable.Code] = warnable
	}
	return &Health{
		table: table, events: OrDiscard(events),
		active: make(map[warningKey]Warning), changed: make(chan struct{}),
	}
}

// Set says that a warning holds for subject, with what is known of the case. Set again it takes the new text and keeps
// the time. A code that is not in the table is a mistake in Ladder: it panics in tests, and elsewhere is shown as it is.
func (h *Health) Set(code WarningCode, subject, text string) {
	if h == nil {
		return
	}
	warnable := h.warnable(code)
	key := warningKey{code, subject}

	h.mu.Lock()
	before, held := h.active[key]
	if held && before.Text == text || !held && h.countLocked(code) >= WarningsPerCode {
		h.mu.Unlock()
		return
	}
	warning := Warning{
		Code: code, Title: warnable.Title, Severity: warnable.Severity, Subject: subject, Text: text, Hint: warnable.Hint,
		DependsOn: warnable.DependsOn, Since: time.Now(),
	}
	if held {
		warning.Since = before.Since
	}
	h.active[key] = warning
	h.announceLocked()
	h.mu.Unlock()

	if !held {
		h.events.Publish(Event{
			Code: "warning_raised", Severity: warning.Severity, Subject: subject, Message: warning.Title + ": " + text,
			Attributes: map[string]string{"warning": string(code)},
		})
	}
}

// Clear says that a warning no longer holds for subject. Clearing what is not set does nothing.
func (h *Health) Clear(code WarningCode, subject string) {
	if h == nil {
		return
	}
	warnable := h.warnable(code)
	key := warningKey{code, subject}

	h.mu.Lock()
	warning, held := h.active[key]
	if !held {
		h.mu.Unlock()
		return
	}
	delete(h.active, key)
	h.announceLocked()
	h.mu.Unlock()

	h.events.Publish(Event{
		Code: "warning_cleared", Severity: SeverityInfo, Subject: subject,
		Message:    fmt.Sprintf("%s: over after %s", warnable.Title, time.Since(warning.Since).Round(time.Second)),
		Attributes: map[string]string{"warning": string(code)},
	})
}

// ClearSubject clears all warnings of a subject that is gone.
func (h *Health) ClearSubject(subject string) {
	for _, warning := range h.All() {
		if warning.Subject == subject {
			h.Clear(warning.Code, subject)
		}
	}
}

// Current is what an operator should see: all warnings but those that another one explains (DependsOn), gravest first.
func (h *Health) Current() []Warning {
	all := h.All()
	holds := make(map[WarningCode]bool, len(all))
	for _, warning := range all {
		holds[warning.Code] = true
	}
	return slices.DeleteFunc(all, func(warning Warning) bool {
		return slices.ContainsFunc(warning.DependsOn, func(code WarningCode) bool { return holds[code] })
	})
}

// All is every warning that holds, explained or not, gravest first, then by code and subject.
func (h *Health) All() []Warning {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	all := make([]Warning, 0, len(h.active))
	for _, warning := range h.active {
		all = append(all, warning)
	}
	h.mu.Unlock()
	slices.SortFunc(all, compareWarnings)
	return all
}

// Changed is closed when a warning comes, goes or changes its text after this call. Take it before Current to miss nothing.
func (h *Health) Changed() <-chan struct{} {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

func (h *Health) announceLocked() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *Health) countLocked(code WarningCode) int {
	count := 0
	for key := range h.active {
		if key.code == code {
			count++
		}
	}
	return count
}

func (h *Health) warnable(code WarningCode) Warnable {
	warnable, known := h.table[code]
	if known {
		return warnable
	}
	if testing.Testing() {
		panic("telemetry: warning code " + string(code) + " is not in Warnables(): add a row for it")
	}
	slog.Error("a warning has no row in the table", "code", string(code))
	return Warnable{Code: code, Title: string(code), Severity: SeverityWarning}
}

func compareWarnings(a, b Warning) int {
	if a.Severity != b.Severity {
		return int(b.Severity) - int(a.Severity)
	}
	if order := strings.Compare(string(a.Code), string(b.Code)); order != 0 {
		return order
	}
	return strings.Compare(a.Subject, b.Subject)
}
