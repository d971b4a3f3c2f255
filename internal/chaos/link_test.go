package main

import (
	"bufio"
	"fmt"
	"net"
	"testing"
	"time"
)

// echo answers every line with itself and says what it was asked.
func echo(t *testing.T) (addr string, asked chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	asked = make(chan string, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					asked <- lines.Text()
					fmt.Fprintln(conn, lines.Text())
				}
			}()
		}
	}()
	return listener.Addr().String(), asked
}

// ask sends a line over a connection of its own and returns the answer, or why there was none.
func ask(t *testing.T, l *link, line string, patience time.Duration) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", l.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintln(conn, line)
	return bufio.NewReader(conn).ReadString('\n')
}

func TestLink_losesTheAnswerAndNotTheRequest(t *testing.T) {
	addr, asked := echo(t)
	l, err := newLink(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if answer, err := ask(t, l, "one", time.Minute); answer != "one\n" {
		t.Fatalf("%q, %v", answer, err)
	}
	l.lose(1)
	if answer, err := ask(t, l, "two", time.Minute); err == nil {
		t.Errorf("answered %q, want it lost", answer)
	}
	if lost := l.lose(0); lost != 1 {
		t.Errorf("%d answers were lost, want 1", lost)
	}
	if first, second := <-asked, <-asked; first != "one" || second != "two" {
		t.Errorf("the server was asked %s and %s", first, second)
	}
}

func TestLink_holdsAndDeliversLate(t *testing.T) {
	addr, asked := echo(t)
	l, err := newLink(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	l.hold()
	if answer, err := ask(t, l, "late", 50*time.Millisecond); err == nil {
		t.Errorf("answered %q through a link that is held", answer)
	}
	l.release()
	if late := <-asked; late != "late" {
		t.Errorf("the server was asked %q", late)
	}
}

func TestLink_leadsToAnotherServer(t *testing.T) {
	first, _ := echo(t)
	second, asked := echo(t)
	l, err := newLink(first)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	l.hold()
	l.lead(second)
	if answer, err := ask(t, l, "moved", time.Minute); answer != "moved\n" {
		t.Fatalf("%q, %v", answer, err)
	}
	if got := <-asked; got != "moved" {
		t.Errorf("the second server was asked %q", got)
	}
}
