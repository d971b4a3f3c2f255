package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/retention/s3"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
)

// archive looks at where ledger rows are written before they go.
func (e *examination) archive(ctx context.Context) {
	settings := e.settings.Retention
	switch {
	case settings.S3.Bucket != "":
		e.bucket(ctx)
	case settings.Archive != "":
		e.archiveFolder(settings.Archive)
	}
}

func (e *examination) bucket(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	settings := e.settings.Retention.S3
	bucket, err := s3.New(s3.Place(settings), safedial.Reach{Operator: true}.Control)
	if err == nil {
		err = bucket.Look(ctx)
	}
	switch {
	case err == nil:
		e.add("archive", OK, "bucket %s of %s is there and takes the credential; whether it may write shows when rows go first", settings.Bucket, settings.Endpoint)
	case s3.Unsure(err):
		e.add("archive", Unchecked, "bucket %s of %s does not say whether it may be written to; who may list it (s3:ListBucket) is told more: %v", settings.Bucket, settings.Endpoint, err)
	default:
		e.add("archive", Failed, "%v; no rows go until that is mended", err)
	}
}

func (e *examination) archiveFolder(path string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.add("archive", OK, "there is no %s yet; it is made when rows go first", path)
	case err != nil:
		e.add("archive", Failed, "look at %s: %v; no rows go until that is mended", path, err)
	case !info.IsDir():
		e.add("archive", Failed, "%s is not a folder; no rows go until it is", path)
	case e.private(path, "archived rows stand in it"):
		e.add("archive", OK, "%s is a folder", path)
	}
}
