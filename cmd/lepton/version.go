package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "the version of this tool and of the Go that built it",
		example: "lepton version",
		manual: `One line: the version of the module ("(devel)" for a build from a working tree
without one), the Go version, the platform. Quote it in a report of a fault.`,
		declare: func(*flag.FlagSet) action {
			return func(_ context.Context, std streams, _ []string) error {
				version := "(devel)"
				if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
					version = info.Main.Version
				}
				_, err := fmt.Fprintf(std.out, "lepton %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return err
			}
		},
	}
}
