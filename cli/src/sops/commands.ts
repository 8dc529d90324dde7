/**
 * The commands of the `sops` program and their flags, as data. Handlers are loaded when a command runs.
 * Follows: getsops/sops cmd/sops/main.go (names, defaults, environment); texts are our own.
 * @module
 */
import type { Action } from './action.ts'
import type { Flag } from './flags.ts'
import { ADD_AND_REMOVE_FLAGS, ENCRYPTION_CONTEXT, GROUP_FLAGS, KEY_FLAGS } from './key-flags.ts'

export interface Command {
  readonly name: string
  readonly usage: string
  /** Positional arguments, for help. */
  readonly args?: string
  readonly flags: readonly Flag[]
  readonly commands?: readonly Command[]
  readonly load?: () => Promise<Action>
}

const bool = (long: string, usage: string, short?: string): Flag => ({ names: short ? [long, short] : [long], kind: 'bool', usage })
const text = (long: string, usage: string, short?: string): Flag => ({ names: short ? [long, short] : [long], kind: 'string', usage })
const int = (long: string, usage: string): Flag => ({ names: [long], kind: 'int', usage })

const KEY_SERVICE: readonly Flag[] = [
  { names: ['enable-local-keyservice'], kind: 'bool', usage: 'use the keys of this machine', env: 'SOPS_ENABLE_LOCAL_KEYSERVICE', onByDefault: true },
  { names: ['keyservice'], kind: 'list', usage: 'key service to ask besides, as protocol://address; may be repeated', env: 'SOPS_KEYSERVICE' },
]
const IN_PLACE = bool('in-place', 'write the result to the file itself', 'i')
const OUTPUT = text('output', 'write the result to this file')
const EXTRACT = text('extract', 'print one value or branch only, for example \'["somekey"][0]\'')
const INPUT_TYPE = text('input-type', 'json, yaml, dotenv, ini or binary; without it the name tells')
const OUTPUT_TYPE = text('output-type', 'json, yaml, dotenv, ini or binary; without it the name tells')
const TYPES: readonly Flag[] = [INPUT_TYPE, OUTPUT_TYPE]
const IGNORE_MAC = bool('ignore-mac', 'accept a file whose authentication code is missing or wrong')
const OVERRIDE = text('filename-override', 'name that tells the types and the creation rule instead of the file\'s own')
const ORDER: Flag = { names: ['decryption-order'], kind: 'string', usage: 'kinds of keys to try first, comma separated', env: 'SOPS_DECRYPTION_ORDER' }
const THRESHOLD = int('shamir-secret-sharing-threshold', 'number of key groups needed to recover the data key')
const SHOW_KEYS = bool('show-master-keys', 'show the master keys while editing', 's')
const IDEMPOTENT = bool('idempotent', 'write nothing if nothing changes')
const YES = bool('yes', 'agree to every change without being asked', 'y')
const VERBOSE = bool('verbose', 'log more')
const KEY_SELECTORS: readonly Flag[] = [
  text('unencrypted-suffix', 'leave keys with this ending in clear'),
  text('encrypted-suffix', 'encrypt only keys with this ending'),
  text('unencrypted-regex', 'leave keys that match in clear'),
  text('encrypted-regex', 'encrypt only keys that match'),
]
const COMMENT_SELECTORS: readonly Flag[] = [
  text('unencrypted-comment-regex', 'leave values below a comment that matches in clear'),
  text('encrypted-comment-regex', 'encrypt only values below a comment that matches'),
]
const EXEC: readonly Flag[] = [bool('background', 'do not wait for the command (deprecated)')]
const USER = text('user', 'run the command as this user')

export const GLOBAL_FLAGS: readonly Flag[] = [
  bool('decrypt', 'decrypt the file', 'd'),
  bool('encrypt', 'encrypt the file', 'e'),
  bool('rotate', 'make a new data key and encrypt every value anew', 'r'),
  { ...bool('disable-version-check', 'with --version: do not look for a newer one'), env: 'SOPS_DISABLE_VERSION_CHECK' },
  bool('check-for-updates', 'with --version: look for a newer one'),
  ...KEY_FLAGS,
  IN_PLACE,
  EXTRACT,
  ...TYPES,
  SHOW_KEYS,
  ...ADD_AND_REMOVE_FLAGS,
  IGNORE_MAC,
  bool('mac-only-encrypted', 'authenticate only the values that are encrypted'),
  ...KEY_SELECTORS,
  ...COMMENT_SELECTORS,
  { ...text('config', 'rule file; no other is searched then'), env: 'SOPS_CONFIG' },
  ENCRYPTION_CONTEXT,
  text('set', 'set a value, for example \'["somekey"][0] {"a":true}\''),
  THRESHOLD,
  int('indent', 'spaces per level of the YAML or JSON that is written'),
  VERBOSE,
  OUTPUT,
  OVERRIDE,
  ORDER,
  ...KEY_SERVICE,
]

export const COMMANDS: readonly Command[] = [
  {
    name: 'completion',
    usage: 'Print a shell completion script',
    flags: [],
    commands: [
      { name: 'bash', usage: 'Script for bash: source <(sops completion bash)', flags: [], load: async () => (await import('./completion-scripts.ts')).bashScript },
      { name: 'zsh', usage: 'Script for zsh: source <(sops completion zsh)', flags: [], load: async () => (await import('./completion-scripts.ts')).zshScript },
    ],
  },
  {
    name: 'exec-env',
    usage: 'run a command with the decrypted values in its environment',
    args: 'FILE COMMAND',
    flags: [
      ...EXEC,
      bool('pristine', 'give the command the decrypted values and nothing else'),
      USER,
      bool('same-process', 'replace this process instead of starting another'),
      ORDER,
      ...KEY_SERVICE,
    ],
    load: async () => (await import('./exec.ts')).execEnv,
  },
  {
    name: 'exec-file',
    usage: 'run a command with the decrypted content in a temporary file',
    args: 'FILE COMMAND',
    flags: [
      ...EXEC,
      bool('no-fifo', 'use a regular file instead of a FIFO'),
      USER,
      ...TYPES,
      text('filename', 'name of the temporary file (default: tmp-file)'),
      ORDER,
      ...KEY_SERVICE,
    ],
    load: async () => (await import('./exec.ts')).execFile,
  },
  {
    name: 'publish',
    usage: 'upload a file, or the files of a folder, to the destination that the rule file names',
    args: 'PATH',
    flags: [
      YES,
      bool('omit-extensions', 'leave the extension out of the name at the destination'),
      bool('recursive', 'publish every file below a folder'),
      VERBOSE,
      ORDER,
      ...KEY_SERVICE,
    ],
    load: async () => (await import('./publish.ts')).publishCommand,
  },
  {
    name: 'keyservice',
    usage: 'serve the keys of this machine to other programs',
    flags: [
      text('network', "'tcp' or 'unix' (default: tcp)", 'net'),
      text('address', "address or path to listen on (default: 127.0.0.1:5000)", 'addr'),
      bool('prompt', 'ask before every answer'),
      VERBOSE,
    ],
    load: async () => (await import('./keyservice.ts')).keyService,
  },
  {
    name: 'filestatus',
    usage: 'tell whether a file is encrypted, as JSON',
    args: 'FILE',
    flags: [INPUT_TYPE],
    load: async () => (await import('./filestatus.ts')).fileStatus,
  },
  {
    name: 'groups',
    usage: 'change the key groups of a file',
    flags: [],
    commands: [
      {
        name: 'add',
        usage: 'add a key group to a file',
        flags: [text('file', 'the file to change', 'f'), ...GROUP_FLAGS, IN_PLACE, THRESHOLD, ENCRYPTION_CONTEXT, ...KEY_SERVICE],
        load: async () => (await import('./groups.ts')).groupsAdd,
      },
      {
        name: 'delete',
        usage: 'delete a key group from a file',
        args: 'INDEX',
        flags: [text('file', 'the file to change', 'f'), IN_PLACE, THRESHOLD, ...KEY_SERVICE],
        load: async () => (await import('./groups.ts')).groupsDelete,
      },
    ],
  },
  {
    name: 'updatekeys',
    usage: 'give files the master keys that the rule file names',
    args: 'FILE...',
    flags: [YES, INPUT_TYPE, ...KEY_SERVICE],
    load: async () => (await import('./updatekeys.ts')).updateKeys,
  },
  {
    name: 'decrypt',
    usage: 'decrypt a file, or standard input without one, to standard output',
    args: '[FILE]',
    flags: [IN_PLACE, EXTRACT, OUTPUT, ...TYPES, IGNORE_MAC, OVERRIDE, ORDER, ...KEY_SERVICE],
    load: async () => (await import('./decrypt.ts')).decryptCommand,
  },
  {
    name: 'encrypt',
    usage: 'encrypt a file, or standard input without one, to standard output',
    args: '[FILE]',
    flags: [IN_PLACE, OUTPUT, ...KEY_FLAGS, ...TYPES, ...KEY_SELECTORS, ENCRYPTION_CONTEXT, THRESHOLD, OVERRIDE, ...KEY_SERVICE],
    load: async () => (await import('./encrypt.ts')).encryptCommand,
  },
  {
    name: 'rotate',
    usage: 'make a new data key and encrypt every value anew',
    args: 'FILE',
    flags: [IN_PLACE, OUTPUT, ...TYPES, ENCRYPTION_CONTEXT, ...ADD_AND_REMOVE_FLAGS, OVERRIDE, ORDER, ...KEY_SERVICE],
    load: async () => (await import('./rotate.ts')).rotateCommand,
  },
  {
    name: 'edit',
    usage: 'edit an encrypted file',
    args: 'FILE',
    flags: [...KEY_FLAGS, ...TYPES, ...KEY_SELECTORS, ENCRYPTION_CONTEXT, THRESHOLD, SHOW_KEYS, IGNORE_MAC, ORDER, ...KEY_SERVICE],
    load: async () => (await import('./edit.ts')).editCommand,
  },
  {
    name: 'set',
    usage: 'set a value or branch of an encrypted file; the value is JSON',
    args: 'FILE PATH VALUE',
    flags: [
      ...TYPES,
      bool('value-file', 'VALUE names a file that holds the value'),
      bool('value-stdin', 'read the value from standard input; there is no VALUE then'),
      THRESHOLD,
      IGNORE_MAC,
      ORDER,
      IDEMPOTENT,
      ...KEY_SERVICE,
    ],
    load: async () => (await import('./set.ts')).setCommand,
  },
  {
    name: 'unset',
    usage: 'remove a value or branch from an encrypted file',
    args: 'FILE PATH',
    flags: [...TYPES, THRESHOLD, IGNORE_MAC, ORDER, IDEMPOTENT, ...KEY_SERVICE],
    load: async () => (await import('./set.ts')).unsetCommand,
  },
]

/** Recognized beside every other command, at the top and below `groups` and `completion`. */
export const HELP_COMMAND: Command = { name: 'help', usage: 'Show a list of commands, or help for one of them', args: '[COMMAND]', flags: [] }

/** `h` is short for `help`. */
export function findCommand(commands: readonly Command[], name: string | undefined): Command | undefined {
  return name === 'help' || name === 'h' ? HELP_COMMAND : commands.find((command) => command.name === name)
}
