// Apicheck compares the exported surface of the library with the last tag, so that a break is chosen and
// announced, never found by a user.
//
//	go run -C tools ./apicheck [-repo DIR] [-tag TAG]
//
// It fails when a public package changed incompatibly and the section [Unreleased] of CHANGELOG.md does
// not announce it with a line for that package ("lepton" is the root package):
//
//   - BREAKING scheduler: Options.Key takes the state by pointer.
//
// Packages without a promise (internal, commands, examples, benchmarks) are not compared, nor are nested
// modules, which carry tags of their own. Without a tag there is nothing to break: it says so and passes.
package main
