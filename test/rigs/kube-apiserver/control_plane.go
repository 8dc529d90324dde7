package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	// Those whose lack a test of a controller would notice.
	noticedControllers = "namespace-controller,garbage-collector-controller,serviceaccount-controller," +
		"serviceaccount-token-controller,root-ca-certificate-publisher-controller,clusterrole-aggregation-controller," +
		"validatingadmissionpolicy-status-controller"
	startTimeout = 2 * time.Minute
	stopTimeout  = 5 * time.Second
)

// controlPlane starts its components as children of this process; when one ends, all end.
type controlPlane struct {
	port           int
	crd            []byte
	controllers    string
	apiServerFlags []string

	ctx      context.Context
	cancel   context.CancelCauseFunc
	children sync.WaitGroup
}

func (p *controlPlane) run() error {
	signals, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	p.ctx, p.cancel = context.WithCancelCause(signals)
	err := p.start()
	if err == nil {
		<-p.ctx.Done()
		err = context.Cause(p.ctx)
	}
	p.cancel(err)
	p.children.Wait()
	if signals.Err() != nil {
		return nil
	}
	return err
}

func (p *controlPlane) start() error {
	if p.port == 0 {
		var err error
		if p.port, err = freePort(); err != nil {
			return err
		}
	}
	endpoint := fmt.Sprintf("https://127.0.0.1:%d", p.port)
	if err := makeCertificates(); err != nil {
		return err
	}
	if err := writeKubeconfig(endpoint); err != nil {
		return err
	}
	if err := serveEgress(); err != nil {
		return err
	}
	etcdURL, err := startEtcd(p.ctx)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	if err := p.startAPIServer(etcdURL); err != nil {
		return err
	}
	client, err := adminClient()
	if err != nil {
		return err
	}
	if err := waitFor(p.ctx, client, endpoint, "/readyz", "/api/v1/namespaces/default"); err != nil {
		return err
	}
	if p.crd != nil {
		// Before the controllers: the garbage collector looks for new kinds only twice a minute.
		if err := createDefinition(client, endpoint, p.crd); err != nil {
			return err
		}
	}
	if p.controllers != "" {
		if err := p.startControllers(); err != nil {
			return err
		}
		if strings.Contains(p.controllers, "serviceaccount-controller") {
			if err := waitFor(p.ctx, client, endpoint, "/api/v1/namespaces/default/serviceaccounts/default"); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Println("READY", endpoint)
	return err
}

func (p *controlPlane) startAPIServer(etcdURL string) error {
	return p.spawn(apiServer, append([]string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", p.port),
		// Endpoints may not have loopback addresses, so the service "kubernetes" gets none.
		"--advertise-address=198.51.100.1",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/24",
		"--authorization-mode=RBAC",
		"--client-ca-file=" + caName + ".crt",
		"--tls-cert-file=" + serverName + ".crt",
		"--tls-private-key-file=" + serverName + ".key",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-signing-key-file=" + accountKey,
		"--service-account-key-file=" + accountKey,
		"--egress-selector-config-file=" + egressFile,
	}, p.apiServerFlags...))
}

func (p *controlPlane) startControllers() error {
	return p.spawn(controllerManager, []string{
		"--kubeconfig=" + kubeconfigFile,
		"--leader-elect=false",
		"--secure-port=0",
		"--service-account-private-key-file=" + accountKey,
		"--root-ca-file=" + caName + ".crt",
		"--controllers=" + p.controllers,
	})
}

// spawn starts this program again as one of the components.
func (p *controlPlane) spawn(name string, args []string) error {
	log, err := os.OpenFile(name+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	child := exec.CommandContext(p.ctx, "/proc/self/exe", append([]string{name}, args...)...)
	child.Stdout, child.Stderr = log, log
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = stopTimeout
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := child.Start(); err != nil {
		return err
	}
	p.children.Go(func() { p.cancel(fmt.Errorf("%s ended: %v; see %s", name, child.Wait(), log.Name())) })
	return nil
}

func waitFor(ctx context.Context, client *http.Client, endpoint string, paths ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, path := range paths {
		for !isThere(client, endpoint+path) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for %s: %w", path, context.Cause(ctx))
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

func isThere(client *http.Client, url string) bool {
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func createDefinition(client *http.Client, endpoint string, definition []byte) error {
	url := endpoint + "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict"
	response, err := client.Post(url, "application/yaml", bytes.NewReader(definition))
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusCreated && response.StatusCode != http.StatusConflict {
		return fmt.Errorf("the definition was refused: %s", response.Status)
	}
	return nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
