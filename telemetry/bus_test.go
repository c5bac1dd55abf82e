package telemetry

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"testing"
)

func TestBusNumbersAndRemembers(t *testing.T) {
	bus := NewBus(nil)
	for i := range RecentEvents + 10 {
		bus.Publish(Event{Code: "tick", Message: strconv.Itoa(i + 1)})
	}
	all := bus.Recent(10 * RecentEvents)
	if len(all) != RecentEvents || all[0].ID != 11 || all[len(all)-1].ID != RecentEvents+10 {
		t.Fatalf("%d events from %d to %d are remembered", len(all), all[0].ID, all[len(all)-1].ID)
	}
	for _, event := range all {
		if event.Message != strconv.FormatUint(event.ID, 10) || event.Time.IsZero() {
			t.Fatalf("event %d is %+v", event.ID, event)
		}
	}
	if last := bus.Recent(2); len(last) != 2 || last[1].ID != RecentEvents+10 {
		t.Errorf("the last two are %+v", last)
	}
	if since := bus.Since(RecentEvents + 7); len(since) != 3 || since[0].ID != RecentEvents+8 {
		t.Errorf("since %d: %+v", RecentEvents+7, since)
	}
	if none := bus.Recent(-1); len(none) != 0 {
		t.Errorf("a negative limit gives %d events", len(none))
	}
}

func TestSubscriptionResumesWithoutGapOrRepetition(t *testing.T) {
	bus := NewBus(nil)
	for range 5 {
		bus.Publish(Event{Code: "tick"})
	}
	past, subscription := bus.SubscribeSince(3)
	defer subscription.Close()
	bus.Publish(Event{Code: "tick"})
	var ids []uint64
	for _, event := range past {
		ids = append(ids, event.ID)
	}
	ids = append(ids, (<-subscription.Events()).ID)
	if len(ids) != 3 || ids[0] != 4 || ids[1] != 5 || ids[2] != 6 {
		t.Errorf("a subscriber that had seen 3 got %v", ids)
	}

	past, other := bus.SubscribeSince(1000) // the number that another process had reached
	defer other.Close()
	if len(past) != 6 {
		t.Errorf("a subscriber of an earlier process got %d events, want all 6", len(past))
	}
}

func TestSlowSubscriberLosesItsOldestAlone(t *testing.T) {
	bus := NewBus(nil)
	slow, quick := bus.Subscribe(), bus.Subscribe()
	defer quick.Close()
	received := 0
	for range SubscriptionBuffer + 7 {
		bus.Publish(Event{Code: "tick"})
		<-quick.Events()
		received++
	}
	if slow.Dropped() != 7 || quick.Dropped() != 0 || received != SubscriptionBuffer+7 {
		t.Errorf("slow lost %d, quick lost %d of %d", slow.Dropped(), quick.Dropped(), received)
	}
	if first := <-slow.Events(); first.ID != 8 {
		t.Errorf("the oldest that the slow one kept is %d, want 8", first.ID)
	}
	slow.Close()
	slow.Close()
	before := len(slow.Events())
	bus.Publish(Event{Code: "tick"})
	if len(slow.Events()) != before {
		t.Error("a closed subscription still receives")
	}
}

func TestBusLogsEvents(t *testing.T) {
	var log bytes.Buffer
	bus := NewBus(slog.New(slog.NewTextHandler(&log, nil)))
	bus.Publish(Event{
		Code: "instance_exited", Severity: SeverityWarning, Subject: "app.1", Message: "instance exited",
		Attributes: map[string]string{"exit": "killed by SIGKILL", "after": "3s"},
	})
	line := log.String()
	expected := `level=WARN msg="instance exited" event=instance_exited subject=app.1 after=3s exit="killed by SIGKILL"`
	if !strings.Contains(line, expected) {
		t.Errorf("logged %s\nwant  … %s", line, expected)
	}
}

func TestNilBusDiscards(t *testing.T) {
	var bus *Bus
	bus.Publish(Event{Code: "tick"})
	subscription := bus.Subscribe()
	subscription.Close()
	if len(bus.Recent(1))+len(bus.Since(0)) != 0 {
		t.Error("a nil bus holds events")
	}
	OrDiscard(nil).Publish(Event{Code: "tick"})
}
