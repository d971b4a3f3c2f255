package s3

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
)

// remedies say what is wrong by the code that a server answers, and which setting to look at.
var remedies = map[string]string{
	"NoSuchBucket":          `there is no bucket "{bucket}"; make it, or look at retention.archive`,
	"InvalidAccessKeyId":    "the server does not know the access key; look at retention.s3.access_key_id",
	"SignatureDoesNotMatch": `the secret is not that of the access key, or the region is not "{region}"; look at retention.s3.secret_access_key and region`,
	"InvalidToken":          "the session token is not valid; look at retention.s3.session_token",
	"ExpiredToken":          "the session token has ended; start the gateway with a new one",
	"AccessDenied":          `the access key may not do that in bucket "{bucket}"; it needs s3:PutObject, s3:GetObject and s3:AbortMultipartUpload`,
	"RequestTimeTooSkewed":  "the clocks of the server and this machine differ; let NTP set both",

	"AuthorizationHeaderMalformed": `the bucket is not in region "{region}"; look at retention.s3.region`,
	"PermanentRedirect":            `the bucket is not in region "{region}"; look at retention.s3.region and endpoint`,
}

// explain says what was done, what failed, and what would be right where that is known.
func (b *Bucket) explain(doing string, err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s: %s cannot be reached: %w; look at retention.s3.endpoint, name service and certificates", doing, b.Endpoint, failed.Err)
	}
	if remedy, known := remedies[codeOf(err)]; known {
		return fmt.Errorf("%s: %s (%w)", doing, strings.NewReplacer("{bucket}", b.Bucket, "{region}", b.Region).Replace(remedy), err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Unsure says whether an error of [Bucket.Look] leaves open whether the bucket can be written to: who may not list it is told
// that an object which is not there is not theirs to read.
func Unsure(err error) bool { return codeOf(err) == minio.AccessDenied }

// codeOf is the code that a server answered, "" for none.
func codeOf(err error) string {
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	return answer.Code
}
