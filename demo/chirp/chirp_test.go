package chirp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladder/demo/chirp"
	"ladder/internal/pgtest"
)

var server *pgtest.Server // one PostgreSQL for all tests, set by TestMain

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, &server))
}

func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	got, err := chirp.ReadSettings(environment("PORT", "3000", "DATABASE_URL", "postgres://x"))
	if err != nil || got.Address != "127.0.0.1:3000" || got.DatabaseURL != "postgres://x" || got.LogLevel != slog.LevelInfo {
		t.Errorf("PORT and DATABASE_URL give %+v (%v)", got, err)
	}
	got, err = chirp.ReadSettings(environment(
		"PORT", "1", "DATABASE_URL", "x", "HOST", "::", "LOG_LEVEL", "debug", "PASSWORD_COST", "12"))
	if err != nil || got.Address != "[::]:1" || got.LogLevel != slog.LevelDebug || got.PasswordCost != 12 {
		t.Errorf("with everything set: %+v (%v)", got, err)
	}
}

func TestSettingsReportEveryMistake(t *testing.T) {
	_, err := chirp.ReadSettings(environment("PORT", "http", "LOG_LEVEL", "loud", "PASSWORD_COST", "much"))
	for _, name := range []string{"PORT", "DATABASE_URL", "LOG_LEVEL", "PASSWORD_COST"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not speak of %s: %v", name, err)
		}
	}
}

// TestServeFinishesWhatIsInFlight stops the App while a form is half sent and a stream is open.
func TestServeFinishesWhatIsInFlight(t *testing.T) {
	app, err := chirp.Open(t.Context(), chirp.Settings{DatabaseURL: server.Database(t), PasswordCost: 4}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- app.Serve(ctx, listener) }()

	stream, err := http.Get("http://" + listener.Addr().String() + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	form := "username=maya&password=long+enough"
	fmt.Fprintf(conn, "POST /signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(form))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the form's head was answered %q (%v)", line, err)
	}
	stop()
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Errorf("the stream was cut instead of ended: %v", err)
	}
	awaitRefused(t, listener.Addr().String())
	io.WriteString(conn, form)
	reader.ReadString('\n') // the empty line after 100 Continue
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("the form in flight was answered %+v (%v)", answer, err)
	}
	answer.Body.Close()
	if err := <-served; err != nil {
		t.Errorf("a clean stop says %v", err)
	}
}

func awaitRefused(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("a stopping App still accepts connections")
}

func buildChirp(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "chirp")
	if output, err := exec.Command("go", "build", "-o", binary, "./cmd/chirp").CombinedOutput(); err != nil {
		t.Fatalf("building chirp: %v: %s", err, output)
	}
	return binary
}

func TestTheProgramServesUntilItIsToldToStop(t *testing.T) {
	command := exec.Command(buildChirp(t))
	command.Env = append(os.Environ(), "PORT=0", "HOST=", "DATABASE_URL="+server.Database(t))
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill() })
	var address string
	lines := bufio.NewScanner(output)
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "address=")
	}
	response, err := http.Get(address + "/healthz")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/healthz of a ready chirp: %+v (%v)", response, err)
	}
	response.Body.Close()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, output)
	if err := command.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit status 0", err)
	}
}

func TestTheProgramSaysWhatItNeeds(t *testing.T) {
	binary := buildChirp(t)
	for name, c := range map[string]struct {
		environment []string
		want        string
	}{
		"nothing":        {nil, "DATABASE_URL"},
		"no URL":         {[]string{"PORT=0", "DATABASE_URL=postgres://%%"}, "DATABASE_URL"},
		"wrong database": {[]string{"PORT=0", "DATABASE_URL=" + strings.Replace(server.URL, "/postgres?", "/nope?", 1)}, `"nope"`},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command(binary)
			command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, c.environment...)
			output, err := command.CombinedOutput()
			if err == nil || command.ProcessState.ExitCode() != 1 || !strings.Contains(string(output), c.want) {
				t.Errorf("exit %v, output %s; want 1 and %s", err, output, c.want)
			}
		})
	}
}
