package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	caName         = "ca"
	serverName     = "apiserver"
	adminName      = "admin"
	accountKey     = "service-accounts.key"
	kubeconfigFile = "kubeconfig"
)

// makeCertificates writes the authority, the server's and the administrator's certificate and the key of service accounts,
// unless an earlier run in the same folder did.
func makeCertificates() error {
	if _, err := os.Stat(accountKey); err == nil {
		return nil
	}
	notBefore := time.Now().Add(-time.Hour)
	notAfter := notBefore.AddDate(1, 0, 0)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kube-rig"}, NotBefore: notBefore, NotAfter: notAfter,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: apiServer}, NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)},
		DNSNames:    []string{"localhost", "kubernetes.default.svc"},
	}
	admin := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "kube-rig-admin", Organization: []string{"system:masters"}},
		NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	signer, err := issue(caName, authority, authority, nil)
	if err != nil {
		return err
	}
	if _, err := issue(serverName, server, authority, signer); err != nil {
		return err
	}
	if _, err := issue(adminName, admin, authority, signer); err != nil {
		return err
	}
	_, err = newKey(accountKey)
	return err
}

// issue writes NAME.key and NAME.crt; without a signer the certificate signs itself.
func issue(name string, certificate, parent *x509.Certificate, signer crypto.Signer) (crypto.Signer, error) {
	key, err := newKey(name + ".key")
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

func newKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// writeKubeconfig embeds the certificates. It is JSON, which is YAML too.
func writeKubeconfig(endpoint string) error {
	var contents [3][]byte
	for i, file := range []string{caName + ".crt", adminName + ".crt", adminName + ".key"} {
		var err error
		if contents[i], err = os.ReadFile(file); err != nil {
			return err
		}
	}
	type fields map[string]any
	text, err := json.MarshalIndent(fields{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": "rig",
		"clusters":        []fields{{"name": "rig", "cluster": fields{"server": endpoint, "certificate-authority-data": contents[0]}}},
		"contexts":        []fields{{"name": "rig", "context": fields{"cluster": "rig", "user": adminName, "namespace": "default"}}},
		"users":           []fields{{"name": adminName, "user": fields{"client-certificate-data": contents[1], "client-key-data": contents[2]}}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(kubeconfigFile, text, 0o600)
}

func adminClient() (*http.Client, error) {
	certificate, err := tls.LoadX509KeyPair(adminName+".crt", adminName+".key")
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(caName + ".crt")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	trust := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return &http.Client{Timeout: stopTimeout, Transport: &http.Transport{TLSClientConfig: trust}}, nil
}
