// Command pulumi-language-yaml is the language host that the Pulumi CLI starts for `runtime: yaml`.
//
// It serves pulumi-yaml's own implementation. The command of that module starts the plugins of a program itself, with
// the plugin loader of the Pulumi version that it was made with; here the engine that runs the program is asked for
// their schemas, which knows the project's `packages` and has started the plugins already.
package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/pulumi/pulumi-yaml/pkg/server"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	tracing := flag.String("tracing", "", "tracing endpoint")
	flag.Parse()
	logging.InitLogging(false, 0, false)
	cmdutil.InitTracing("pulumi-language-yaml", "pulumi-language-yaml", *tracing)
	if err := serve(flag.Arg(0), *tracing); err != nil {
		cmdutil.Exit(err)
	}
}

func serve(engine, tracing string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan bool)
	context.AfterFunc(ctx, func() { close(stop) })
	if engine != "" {
		// Ends this process when the engine that started it goes away.
		if err := rpcutil.Healthcheck(ctx, engine, 10*time.Second, cancel); err != nil {
			return fmt.Errorf("watching the engine: %w", err)
		}
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(registrar *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(registrar, server.NewLanguageHost(engine, tracing, true))
			return nil
		},
		Options: rpcutil.OpenTracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	fmt.Println(handle.Port) // The engine reads the port from the first line.
	return <-handle.Done
}
