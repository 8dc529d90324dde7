/**
 * The flags of kubeseal 0.38: its own, those of kubectl for the connection, and those of klog, which are accepted and do nothing.
 * @module
 */
import { SCOPES } from '@waxseal/sealed'
import { DEFAULT_CONTROLLER_NAME, DEFAULT_CONTROLLER_NAMESPACE } from '../sealing/controller-service.ts'
import type { Flag } from './flags.ts'

const OWN: readonly Flag[] = [
  { name: 'allow-empty-data', kind: 'bool', usage: 'Accept a Secret that has no data' },
  { name: 'cert', kind: 'string', usage: 'Certificate to seal with: a file or a URL. No cluster is needed then' },
  { name: 'controller-name', kind: 'string', usage: "Name of the controller's Service", initial: DEFAULT_CONTROLLER_NAME },
  { name: 'controller-namespace', kind: 'string', usage: "Namespace of the controller's Service", initial: DEFAULT_CONTROLLER_NAMESPACE },
  { name: 'fetch-cert', kind: 'bool', usage: 'Print the certificate of the controller' },
  { name: 'format', short: 'o', kind: 'string', usage: 'Output format: json or yaml', initial: 'json' },
  { name: 'from-file', kind: 'list', usage: 'With --raw: the file whose content is sealed, as PATH or KEY=PATH' },
  { name: 'help', kind: 'bool', usage: 'Print this text and exit' },
  { name: 'merge-into', kind: 'string', usage: 'Put the sealed items into this SealedSecret file' },
  { name: 'name', kind: 'string', usage: 'Name of the sealed Secret, instead of the one in the input' },
  { name: 'raw', kind: 'bool', usage: 'Seal one value; --name, --namespace and --scope say where it may be used' },
  { name: 're-encrypt', kind: 'bool', usage: 'Let the controller seal the given SealedSecrets for its newest key' },
  { name: 'recovery-private-key', kind: 'list', usage: 'Private key files for --recovery-unseal' },
  { name: 'recovery-unseal', kind: 'bool', usage: 'Open a SealedSecret here, with the private keys given by --recovery-private-key' },
  { name: 'rotate', kind: 'bool', usage: 'Former name of --re-encrypt', deprecated: 'please use --re-encrypt instead' },
  { name: 'scope', kind: 'choice', choices: SCOPES, valueName: 'string', usage: `Where the sealed Secret may be used: ${SCOPES.join(', ')}`, initial: 'strict' },
  { name: 'sealed-secret-file', short: 'w', kind: 'string', usage: 'File to write to, instead of standard output' },
  { name: 'secret-file', short: 'f', kind: 'string', usage: 'File to read from, instead of standard input' },
  { name: 'validate', kind: 'bool', usage: 'Ask the controller whether it can open the given SealedSecrets' },
  { name: 'version', kind: 'bool', usage: 'Print the version and exit' },
]

const CONNECTION: readonly Flag[] = [
  { name: 'as', kind: 'string', usage: 'User to impersonate' },
  { name: 'as-group', kind: 'list', valueName: 'stringArray', usage: 'Group to impersonate; may be repeated' },
  { name: 'as-uid', kind: 'string', usage: 'UID to impersonate' },
  { name: 'certificate-authority', kind: 'string', usage: "File with the certificate authority of the API server" },
  { name: 'client-certificate', kind: 'string', usage: 'File with a client certificate' },
  { name: 'client-key', kind: 'string', usage: 'File with the key of the client certificate' },
  { name: 'cluster', kind: 'string', usage: 'Cluster of the kubeconfig to use' },
  { name: 'context', kind: 'string', usage: 'Context of the kubeconfig to use' },
  { name: 'disable-compression', kind: 'bool', usage: 'Do not compress the answers of the server' },
  { name: 'insecure-skip-tls-verify', kind: 'bool', usage: "Do not check the server's certificate" },
  { name: 'kubeconfig', kind: 'string', usage: 'Kubeconfig file' },
  { name: 'namespace', short: 'n', kind: 'string', usage: 'Namespace of the sealed Secret' },
  { name: 'password', kind: 'string', usage: 'Password for basic authentication' },
  { name: 'proxy-url', kind: 'string', usage: 'Proxy to reach the server through' },
  { name: 'request-timeout', kind: 'string', usage: 'Longest time for one request, such as 30s; 0 is no limit of its own', initial: '0' },
  { name: 'server', kind: 'string', usage: 'Address of the API server' },
  { name: 'tls-server-name', kind: 'string', usage: "Name to check the server's certificate for" },
  { name: 'token', kind: 'string', usage: 'Bearer token' },
  { name: 'user', kind: 'string', usage: 'User of the kubeconfig to use' },
  { name: 'username', kind: 'string', usage: 'User name for basic authentication' },
]

const LOG_SWITCHES = ['add_dir_header', 'alsologtostderr', 'legacy_stderr_threshold_behavior', 'logtostderr', 'one_output', 'skip_headers', 'skip_log_headers']
const LOG_TEXTS = ['alsologtostderrthreshold', 'log_backtrace_at', 'log_dir', 'log_file', 'stderrthreshold', 'vmodule']
const LOG: readonly Flag[] = [
  ...LOG_SWITCHES.map((name): Flag => ({ name, kind: 'bool', usage: 'Accepted and not used', withoutVariable: true })),
  ...LOG_TEXTS.map((name): Flag => ({ name, kind: 'string', usage: 'Accepted and not used', withoutVariable: true })),
  { name: 'log_file_max_size', kind: 'int', usage: 'Accepted and not used', withoutVariable: true },
  { name: 'v', short: 'v', kind: 'int', usage: 'Accepted and not used', withoutVariable: true },
]

export const FLAGS: readonly Flag[] = [...OWN, ...CONNECTION, ...LOG]
