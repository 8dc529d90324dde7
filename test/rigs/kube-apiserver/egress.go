package main

import (
	"io"
	"net"
	"net/http"
	"os"
)

const (
	egressFile   = "egress.yaml"
	egressSocket = "egress.sock"
	// A Unix socket, because kube-apiserver 1.37 crashes on a plain TCP address here.
	egressConfig = `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport: {uds: {udsName: ` + egressSocket + `}}
`
)

// serveEgress answers HTTP CONNECT: whatever address of a pod or service the API server dials, it reaches the same port of
// 127.0.0.1. So an EndpointSlice with a made-up address leads the service proxy to a local process.
func serveEgress() error {
	if err := os.WriteFile(egressFile, []byte(egressConfig), 0o600); err != nil {
		return err
	}
	_ = os.Remove(egressSocket)
	listener, err := net.Listen("unix", egressSocket)
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(listener, http.HandlerFunc(connect)) }()
	return nil
}

func connect(w http.ResponseWriter, r *http.Request) {
	_, port, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil {
		http.Error(w, "CONNECT host:port only", http.StatusBadRequest)
		return
	}
	up, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer up.Close()
	down, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	if _, err := io.WriteString(down, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	ended := make(chan struct{}, 2)
	copyUntilEnd := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		ended <- struct{}{}
	}
	go copyUntilEnd(up, buffered)
	go copyUntilEnd(down, up)
	<-ended
}
