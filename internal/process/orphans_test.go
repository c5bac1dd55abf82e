package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// heirMain inherits the orphans of its children, as process 1 of a container does, and prints whether they were reaped.
func heirMain() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Println("cannot inherit", err)
		os.Exit(1)
	}
	orphans := &Orphans{interval: 20 * time.Millisecond, inherits: true}
	if err := orphans.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	own, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{}) // reaped late, by us
	if err != nil {
		fmt.Println(err)
	}
	child, err := Start(Spec{Name: "x", Command: shell("for i in 1 2 3; do sleep 1000 & done; exit 0")})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	<-child.Done()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		zombies := 0
		for _, pid := range allProcesses() {
			if stat, err := readStat(pid); err == nil && stat.parent == os.Getpid() && pid != own.Pid {
				zombies++
			}
		}
		if zombies == 0 || time.Now().After(deadline) {
			fmt.Println("left:", zombies)
			break
		}
	}
	if err := orphans.Stop(context.Background()); err != nil {
		fmt.Println(err)
	}
	if _, err := own.Wait(); err != nil {
		fmt.Println("own child was taken away:", err)
	}
	os.Exit(0)
}

func TestOrphansOfAContainerAreReaped(t *testing.T) {
	output, err := exec.Command(os.Args[0], "heir").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(output)); got != "left: 0" {
		t.Errorf("got %q", got)
	}
}

func TestOrphansAreNobodysBusinessOtherwise(t *testing.T) {
	orphans := NewOrphans()
	if orphans.inherits {
		t.Skip("the tests run as process 1")
	}
	if err := orphans.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := orphans.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
