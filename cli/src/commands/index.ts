/**
 * The native commands, in the order of the help.
 * @module
 */
import type { NativeCommand, NativeOption } from '../native-command.ts'

const AGE: NativeOption = { flags: '-a, --age <recipients>', summary: 'age recipients, separated by commas, instead of those of the creation rule', isRepeatable: true }
const CONFIG: NativeOption = { flags: '--config <file>', summary: 'rule file (default: the nearest .sops.yaml here or above)' }
const TYPE: NativeOption = { flags: '-t, --type <type>', summary: 'format of the input: yaml, json, dotenv, ini or binary (default: by the file name)' }
const IN_PLACE: NativeOption = { flags: '-i, --in-place', summary: 'replace the file' }
const OUTPUT: NativeOption = { flags: '-o, --output <file>', summary: 'write to this file' }
const ALLOW: NativeOption = { flags: '--allow <host>', summary: 'let the keys of the file name this host or age plugin, too; may be given again', isRepeatable: true }
const MAX_INPUT: NativeOption = { flags: '--max-input <size>', summary: 'read files up to this size (default: 256M, or as WAXSEAL_MAX_INPUT says)' }
const YES: NativeOption = { flags: '-y, --yes', summary: 'agree to the plan without being asked' }
const DRY_RUN: NativeOption = { flags: '-n, --dry-run', summary: 'print the plan and change nothing' }
const JSON_ANSWER: NativeOption = { flags: '--json', summary: 'answer in JSON' }
const FORMAT: NativeOption = { flags: '--format <format>', summary: 'json or yaml (default: by the output name, else as the input)' }
const CONTROLLER: readonly NativeOption[] = [
  { flags: '--controller-name <name>', summary: "name of the controller's Service", default: 'sealed-secrets-controller' },
  { flags: '--controller-namespace <namespace>', summary: 'its namespace', default: 'kube-system' },
  { flags: '--kubeconfig <file>', summary: 'kubeconfig file' },
  { flags: '--context <name>', summary: 'context of the kubeconfig' },
]

export const COMMANDS: readonly NativeCommand[] = [
  {
    name: 'encrypt',
    arguments: '[file...]',
    summary: 'encrypt the values of a file',
    details: 'Recipients come from --age or from the creation rule of .sops.yaml. Only the selected values change; comments, quotes and layout stay. A folder stands for the files below it that a rule with a path_regex matches and that are not encrypted yet.',
    options: [AGE, CONFIG, TYPE, MAX_INPUT, { flags: '--filename <name>', summary: 'name for rules and format when reading standard input' }, IN_PLACE, OUTPUT],
    examples: ['waxseal encrypt -i values.yaml', 'waxseal encrypt -i deploy/', 'waxseal encrypt --filename app.env - < plain.env > app.enc.env'],
    group: 'files',
    load: async () => (await import('./encrypt.ts')).encrypt,
  },
  {
    name: 'decrypt',
    arguments: '[file...]',
    summary: 'decrypt a file to standard output',
    details: 'Nothing is written before the message authentication code is checked. A folder stands for the encrypted files below it.',
    options: [TYPE, MAX_INPUT, ALLOW, { flags: '--output-type <type>', summary: 'write another format' }, IN_PLACE, OUTPUT],
    examples: ['waxseal decrypt values.yaml', 'waxseal decrypt --output-type json values.yaml', 'waxseal decrypt -i values.yaml', 'waxseal decrypt -i deploy/'],
    group: 'files',
    load: async () => (await import('./decrypt.ts')).decrypt,
  },
  {
    name: 'edit',
    arguments: '<file>',
    summary: 'edit the plaintext in $EDITOR',
    details: 'The plaintext stands in a private folder that is removed on every way out. Values that were not touched keep their ciphertext.',
    options: [CONFIG, TYPE, MAX_INPUT, ALLOW],
    examples: ['waxseal edit values.yaml', "EDITOR='code --wait' waxseal edit values.yaml"],
    group: 'files',
    load: async () => (await import('./edit.ts')).edit,
  },
  {
    name: 'get',
    arguments: '<file> [path]',
    summary: 'print one value',
    options: [TYPE, MAX_INPUT, ALLOW, JSON_ANSWER],
    examples: ['waxseal get values.yaml db.password', "waxseal get values.yaml 'users[0].token'"],
    group: 'files',
    load: async () => (await import('./get.ts')).get,
  },
  {
    name: 'set',
    arguments: '<file> <path>',
    summary: 'set one value',
    details: 'The value is asked for, or comes from standard input or a file; never from the command line, which other users can read. Only the lines of that value, mac and lastmodified change.',
    options: [TYPE, MAX_INPUT, ALLOW, { flags: '--stdin', summary: 'read the value from standard input; one final newline is dropped' }, { flags: '--file <file>', summary: 'read the value from a file, as it is' }, { flags: '--json', summary: 'the value is JSON: a number, true, null, a list, an object' }],
    examples: ['waxseal set values.yaml db.password', 'pwgen 32 1 | waxseal set values.yaml db.password --stdin', "echo 5432 | waxseal set values.yaml db.port --stdin --json"],
    group: 'files',
    load: async () => (await import('./set.ts')).set,
  },
  {
    name: 'unset',
    arguments: '<file> <path>',
    summary: 'remove one value',
    options: [TYPE, MAX_INPUT, ALLOW],
    examples: ['waxseal unset values.yaml db.oldPassword'],
    group: 'files',
    load: async () => (await import('./set.ts')).unset,
  },
  {
    name: 'view',
    arguments: '<file>',
    summary: 'show a file with type and length in place of each secret value',
    options: [TYPE, MAX_INPUT, ALLOW, { flags: '--json', summary: 'list paths, types and lengths in JSON' }],
    examples: ['waxseal view values.yaml'],
    group: 'files',
    load: async () => (await import('./view.ts')).view,
  },
  {
    name: 'status',
    arguments: '[path...]',
    summary: 'tell which files are encrypted, for whom, and which should be',
    details: 'Needs no key. A folder stands for all files below it; without a path it is the working folder. The status is 1 if any file is not as its rule wants it.',
    options: [CONFIG, JSON_ANSWER],
    examples: ['waxseal status', 'waxseal status --json deploy/'],
    group: 'files',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'keygen',
    summary: 'make an age identity',
    options: [{ flags: '-o, --output <file>', summary: 'write it to this file (mode 0600), which must not exist' }, { flags: '-y, --recipients <file>', summary: 'print the recipients of an identity file instead' }],
    examples: ['waxseal keygen -o ~/.config/sops/age/keys.txt', 'waxseal keygen -y ~/.config/sops/age/keys.txt'],
    group: 'keys',
    load: async () => (await import('./keygen.ts')).keygen,
  },
  {
    name: 'keys',
    arguments: '<action> <file>',
    summary: 'test which keys open a file here',
    details: 'The one action is test: it asks every key of the file, tells how long each took, with which credentials, and why it does not open the file. Nothing is decrypted.',
    options: [TYPE, MAX_INPUT, ALLOW, JSON_ANSWER],
    examples: ['waxseal keys test values.yaml', 'waxseal keys test --json values.yaml'],
    group: 'keys',
    load: async () => (await import('./keys.ts')).keys,
  },
  {
    name: 'recipients',
    arguments: '<action> <argument...>',
    summary: 'list, add or remove who can open files',
    details:
      'Actions: list PATH..., add RECIPIENT PATH..., remove RECIPIENT PATH.... Recipients are of any kind: age, SSH, PGP, key services. A folder stands for the encrypted files below it. Removing makes a new data key; what was in a file before stays known to who could open it.',
    options: [TYPE, MAX_INPUT, ALLOW, { flags: '-g, --group <number>', summary: 'key group to add to (default: 1)' }, YES, DRY_RUN, JSON_ANSWER],
    examples: ['waxseal recipients list values.yaml', 'waxseal recipients add age1... deploy/', 'waxseal recipients remove --dry-run age1... deploy/'],
    group: 'keys',
    load: async () => (await import('./recipients.ts')).recipients,
  },
  {
    name: 'updatekeys',
    arguments: '<path...>',
    summary: 'give files the keys that their creation rules name',
    details: 'A folder stands for the encrypted files below it. Values keep their ciphertext; --rotate makes a new data key, which is what removing somebody asks for.',
    options: [CONFIG, TYPE, MAX_INPUT, ALLOW, { flags: '-r, --rotate', summary: 'make a new data key as well' }, YES, DRY_RUN, JSON_ANSWER],
    examples: ['waxseal updatekeys deploy/', 'waxseal updatekeys --yes --rotate deploy/', 'waxseal updatekeys --dry-run --json .'],
    group: 'keys',
    load: async () => (await import('./updatekeys.ts')).updateKeys,
  },
  {
    name: 'rotate',
    arguments: '<path...>',
    summary: 'make new data keys and encrypt every value anew',
    details: 'Recipients stay. A folder stands for the encrypted files below it.',
    options: [TYPE, MAX_INPUT, ALLOW],
    examples: ['waxseal rotate values.yaml', 'waxseal rotate deploy/'],
    group: 'keys',
    load: async () => (await import('./rotate.ts')).rotate,
  },
  {
    name: 'explain',
    arguments: '<path>',
    summary: 'tell which rule a path gets, why, for whom, and which values it encrypts',
    options: [CONFIG, TYPE, MAX_INPUT, JSON_ANSWER],
    examples: ['waxseal explain deploy/values.yaml'],
    group: 'keys',
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'seal',
    arguments: '[file]',
    summary: 'seal Secret manifests for the cluster',
    details: 'Only the controller can open the result. The certificate comes from --cert, or from the controller itself.',
    options: [
      { flags: '-c, --cert <source>', summary: 'certificate to seal with: a file or a URL' },
      { flags: '-s, --scope <scope>', summary: "where it may be used: strict, namespace-wide or cluster-wide (default: as the Secret's annotations say)" },
      { flags: '-n, --namespace <namespace>', summary: 'namespace, if the manifest has none' },
      { flags: '--name <name>', summary: "name, instead of the manifest's" },
      FORMAT, IN_PLACE, OUTPUT, ...CONTROLLER,
    ],
    examples: ['waxseal seal --cert cert.pem secret.yaml -o sealed.yaml', 'kubectl create secret generic db --from-file=password -n shop --dry-run=client -o yaml | waxseal seal > sealed.yaml'],
    group: 'cluster',
    load: async () => (await import('./seal.ts')).seal,
  },
  {
    name: 'unseal',
    arguments: '[file]',
    summary: 'open SealedSecrets with private sealing keys, without a cluster',
    details: 'For recovery. Keys are PEM files, key Secrets, or a backup of key Secrets as JSON or YAML.',
    options: [{ flags: '-k, --key <file>', summary: 'file with private sealing keys', isRepeatable: true }, FORMAT, { flags: '-o, --output <file>', summary: 'write to this file (mode 0600)' }],
    examples: ['waxseal unseal --key sealing-keys.yaml sealed.yaml'],
    group: 'cluster',
    load: async () => (await import('./unseal.ts')).unseal,
  },
  {
    name: 'cert',
    summary: 'fetch the certificate to seal with',
    details: 'Warns when it ends within 30 days.',
    options: [{ flags: '--url <source>', summary: 'ask this URL or file instead of the cluster' }, OUTPUT, JSON_ANSWER, ...CONTROLLER],
    examples: ['waxseal cert -o cert.pem', 'waxseal cert --json'],
    group: 'cluster',
    load: async () => (await import('./cert.ts')).cert,
  },
  {
    name: 'init',
    summary: 'prepare a repository: identity, .sops.yaml, .gitattributes',
    details: 'Makes what is missing and never overwrites anything.',
    options: [{ ...AGE, summary: 'age recipients for the rule, separated by commas (default: your own)' }, { flags: '--key-file <file>', summary: 'where your identity stands or shall stand' }, JSON_ANSWER],
    examples: ['waxseal init', 'waxseal init --age age1... --age age1...'],
    group: 'setup',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'demo',
    summary: 'play the main job on real files in a temporary folder',
    details: 'Encrypts, edits, decrypts, seals and opens in an embedded cluster, and shows each command. Nothing of yours is touched.',
    options: [{ flags: '--keep', summary: 'keep the folder' }],
    examples: ['waxseal demo'],
    group: 'setup',
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'completion',
    arguments: '<shell>',
    summary: 'print a completion script for bash, zsh, fish or powershell',
    options: [],
    examples: ['source <(waxseal completion bash)', 'waxseal completion fish > ~/.config/fish/completions/waxseal.fish'],
    group: 'setup',
    load: async () => (await import('./completion.ts')).completion,
  },
]
