// Command kubecheck reads Kubernetes objects from standard input and holds each against the types of the Kubernetes API:
// a field that is not there, or of another type, is an error. Objects of other APIs, which have no types here, are named.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	if err := check(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kubecheck: "+err.Error())
		os.Exit(1)
	}
}

func check(in io.Reader, out io.Writer) error {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var wrong []error
	for documents := yaml.NewYAMLOrJSONDecoder(in, 4096); ; {
		var document runtime.RawExtension
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return errors.Join(wrong...)
		}
		if err != nil {
			return err
		}
		if len(document.Raw) == 0 || string(document.Raw) == "null" {
			continue
		}
		_, kind, err := decoder.Decode(document.Raw, nil, nil)
		switch {
		case runtime.IsNotRegisteredError(err) && kind != nil:
			fmt.Fprintf(out, "unchecked %s\n", kind.GroupKind())
		case err != nil:
			wrong = append(wrong, err)
		default:
			fmt.Fprintf(out, "ok %s\n", kind.GroupKind())
		}
	}
}
