package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs etcd in this process until the context ends. It never syncs to the disk: a test's data is worth nothing.
func startEtcd(ctx context.Context) (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	client := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	config := embed.NewConfig()
	config.Dir = "etcd"
	config.ListenPeerUrls = nil
	config.ListenClientUrls = []url.URL{client}
	config.AdvertiseClientUrls = []url.URL{client}
	config.UnsafeNoFsync = true
	config.LogLevel = "warn"
	config.LogOutputs = []string{"etcd.log"}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, etcd.Close)
	select {
	case <-etcd.Server.ReadyNotify():
		return client.String(), nil
	case err := <-etcd.Err():
		return "", err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-time.After(startTimeout):
		etcd.Close()
		return "", errors.New("not ready in time")
	}
}
