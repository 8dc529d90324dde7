/**
 * The embedded API server, fakes and fault injectors. Private: used by tests and by the demo.
 * @module
 */
export { startApiServer, type ApiServer, type ApiServerOptions } from './api-server/server.ts'
export type { Fault, Faults, RequestMatch } from './api-server/faults.ts'
export { startApiRelay, type ApiRelay } from './api-server/relay.ts'
export type { KubeObject, ObjectMeta, OwnerReference } from './api-server/objects.ts'
export type { LoggedRequest, RequestLog } from './api-server/request-log.ts'
export { StatusError } from './api-server/status.ts'
export type { User, Users } from './api-server/users.ts'
export { failureOf } from './failure-of.ts'
export { fakeProvider, type FakeProvider, type FakeRef, type Misbehaviour } from './fake-provider.ts'
export { hasTerminals, onTerminal, type Answered } from './on-terminal.ts'
export { startTerminal, type TerminalSession } from './terminal-session.ts'
export { tempDir, type TempDir } from './temp-dir.ts'
export { huaweiCloud, type HuaweiSeed } from './huawei-cloud.ts'
export { startScriptedServer, type ReceivedRequest, type Reply, type ScriptedServer, type Trouble } from './scripted-server.ts'
export { AzureKeyVault, managedIdentity, microsoftLogin, type AzureKeyState, type AzureSeed } from './azure-key-vault.ts'
export { makeServerIdentity, type ServerIdentity } from './api-server/tls.ts'
export { startConnectProxy, type ConnectProxy } from './connect-proxy.ts'
export { GcpKms, gcpKmsOverRest, startGcpKmsOverGrpc, type GcpKmsOptions, type GcpSeed, type GrpcServer } from './gcp-kms.ts'
