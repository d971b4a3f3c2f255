package wire

import (
	"context"
	"runtime"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// batchSenders is how many batches may be under way at once.
	batchSenders = 2
	// maxBatch is how many scripts one batch holds at most; a Redis that works on them serves nobody else meanwhile.
	maxBatch = 64
)

// batch sends the scripts that many calls ask for at once in one pipeline: a trip of its own for each
// costs both ends more than the script. A call that is alone is sent alone, and at once.
type batch struct {
	goredis.Scripter
	client  goredis.UniversalClient
	timeout time.Duration
	waiting chan *batched
	closed  chan struct{}
	senders sync.WaitGroup
}

// batched is one script on its way.
type batched struct {
	ctx  context.Context
	cmd  *goredis.Cmd
	done chan struct{}
}

func newBatch(client goredis.UniversalClient, timeout time.Duration) *batch {
	b := &batch{Scripter: client, client: client, timeout: timeout, waiting: make(chan *batched), closed: make(chan struct{})}
	for range batchSenders {
		b.senders.Go(b.send)
	}
	return b
}

// close ends the senders. Who calls later is told that the client is closed.
func (b *batch) close() {
	close(b.closed)
	b.senders.Wait()
}

// EvalSha implements [redis.Scripter].
func (b *batch) EvalSha(ctx context.Context, sha1 string, keys []string, args ...any) *goredis.Cmd {
	line := make([]any, 3, 3+len(keys)+len(args))
	line[0], line[1], line[2] = "evalsha", sha1, len(keys)
	for _, key := range keys {
		line = append(line, key)
	}
	cmd := goredis.NewCmd(ctx, append(line, args...)...)
	cmd.SetFirstKeyPos(3)
	asked := &batched{ctx: ctx, cmd: cmd, done: make(chan struct{})}
	select {
	case b.waiting <- asked:
	case <-b.closed:
		return failedCmd(ctx, goredis.ErrClosed)
	case <-ctx.Done():
		return failedCmd(ctx, ctx.Err())
	}
	select {
	case <-asked.done:
		return cmd
	case <-ctx.Done():
		// The command may still be written to by its sender; the caller gets one of its own.
		return failedCmd(ctx, ctx.Err())
	}
}

func failedCmd(ctx context.Context, err error) *goredis.Cmd {
	cmd := goredis.NewCmd(ctx)
	cmd.SetErr(err)
	return cmd
}

func (b *batch) send() {
	for {
		select {
		case first := <-b.waiting:
			// Those that can run now may have something to send too; when nothing else runs, this costs nothing.
			runtime.Gosched()
			b.exchange(b.gather(first))
		case <-b.closed:
			return
		}
	}
}

func (b *batch) gather(first *batched) []*batched {
	together := []*batched{first}
	for len(together) < maxBatch {
		select {
		case next := <-b.waiting:
			together = append(together, next)
		default:
			return together
		}
	}
	return together
}

func (b *batch) exchange(together []*batched) {
	ctx, cancel := context.WithTimeout(context.Background(), b.timeout)
	defer cancel()
	if len(together) == 1 {
		ctx = together[0].ctx
	}
	pipe := b.client.Pipeline()
	for _, asked := range together {
		// A command that is only added does not fail.
		_ = pipe.Process(ctx, asked.cmd)
	}
	// Each command has its own result, an error of the trip included.
	_, _ = pipe.Exec(ctx)
	for _, asked := range together {
		close(asked.done)
	}
}
