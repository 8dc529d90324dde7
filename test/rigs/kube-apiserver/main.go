// kube-rig is a Kubernetes control plane for tests: etcd, kube-apiserver and a few controllers on 127.0.0.1, without a
// container engine, a kubelet or root.
//
//	kube-rig up --dir DIR [--port PORT] [--crd FILE] [--controllers LIST] [-- FLAGS OF KUBE-APISERVER]
//	kube-rig kubectl ARGS...
//
// It prints READY when it serves and runs until SIGTERM. DIR then holds kubeconfig (an administrator's), logs and data; it can
// be started again with the same DIR. By the name kubectl it is kubectl.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// Children are killed with the thread that started them, so that thread must be the one that lives as long as we do.
func init() { runtime.LockOSThread() }

func main() {
	program := filepath.Base(os.Args[0])
	if program != "kubectl" && len(os.Args) > 1 {
		program = os.Args[1]
		os.Args = os.Args[1:]
	}
	switch program {
	case "up":
		if err := up(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "kube-rig:", err)
			os.Exit(1)
		}
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
	case apiServer:
		os.Exit(runComponent(apiserver.NewAPIServerCommand()))
	case controllerManager:
		os.Exit(runComponent(controllers.NewControllerManagerCommand()))
	default:
		fmt.Fprintln(os.Stderr, "usage: kube-rig up|kubectl ...")
		os.Exit(2)
	}
}

func runComponent(command *cobra.Command) int {
	command.SetArgs(os.Args[1:])
	return cli.Run(command)
}

func up(args []string) error {
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	dir := flags.String("dir", "", "folder for certificates, data, logs and kubeconfig")
	port := flags.Int("port", 0, "port of the API server on 127.0.0.1 (0: any free one)")
	crd := flags.String("crd", "", "YAML file with a CustomResourceDefinition to begin with")
	list := flags.String("controllers", noticedControllers, "controllers of kube-controller-manager; empty for none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("--dir is required")
	}
	if err := os.MkdirAll(*dir, 0o700); err != nil {
		return err
	}
	var definition []byte
	if *crd != "" {
		var err error
		if definition, err = os.ReadFile(*crd); err != nil {
			return err
		}
	}
	// All paths are relative from here on, for the children too: the path of a Unix socket holds 107 bytes at most.
	if err := os.Chdir(*dir); err != nil {
		return err
	}
	plane := &controlPlane{port: *port, crd: definition, controllers: *list, apiServerFlags: flags.Args()}
	return plane.run()
}
