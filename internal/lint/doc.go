// Package lint holds the rules of the house that no general linter knows. It is run by its own tests, so
// that `go test ./...` fails when a rule is broken:
//
//   - [Floors]: imports point down only; packages of one floor do not know each other.
//   - [DecisionPath]: the root package and the decision path stand on the standard library alone.
//   - [Comments]: every package and every exported symbol says what it is.
//   - [Forbidden]: no cgo and no encoding/gob anywhere; no clock and no shared random source in the library.
//
// The smallest use:
//
//	tree, err := lint.Load(os.DirFS(root))
//	for _, f := range lint.Floors(tree) {
//		fmt.Println(f)
//	}
//
// Files are parsed, never built: the rules hold for every operating system and build tag at once, and
// nothing but the Go standard library is needed to check them. Without type information a rule judges by
// names alone; where that leaves a doubt, its comment says on which side it errs.
//
// Nested modules (tools, adapters/*, benchmarks/peers) are read too and keep the same rules. Folders
// named testdata or vendor, or beginning with a dot or an underscore, are not read. A file whose build
// constraint is exactly "ignore", such as a generator, belongs to no package and keeps only [Forbidden].
package lint
