/**
 * SealedSecrets that somebody wrote to do harm: of other types than the schema has, too deep, too large, with templates that do not end
 * or that try to say what is in an item.
 * @module
 */

type Json = Readonly<Record<string, unknown>>

export interface Sealed extends Json {
  readonly metadata: Json
  readonly spec: { readonly template: Json; readonly encryptedData: Readonly<Record<string, string>> }
}

const ODD: readonly unknown[] = [null, 5, true, 'x', [], [null], [5], {}, { k: null }, { k: 5 }, { k: ['x'] }, { '': '' }]

/** `.password` is a sealed item. */
const TEMPLATES = [
  '{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}', '{{ range until 1000000000 }}x{{ end }}', '{{ repeat 1000000000 .password }}', '{{ range $a := until 9999 }}{{ range $b := until 9999 }}{{ end }}{{ end }}',
  '{{ fail .password }}', '{{ printf "%d" .password | fail }}', '{{ list .password | join "," | fail }}', '{{ required .password "" }}', '{{ .password | atoi }}', '{{ index .password 99 }}', '{{ index . .password "x" }}',
  '{{ .password.x }}', '{{ call .password }}', '{{ range .password }}{{ end }}', '{{ template .password }}', '{{ toDate "2006" .password }}', '{{ mustToDate "2006" .password }}', '{{ regexMatch .password "a" }}', '{{ mustRegexFind .password "x" }}',
  '{{ fromJson .password }}', '{{ mustFromJson .password }}', '{{ semver .password }}', '{{ semverCompare .password "1" }}', '{{ b64dec .password }}', '{{ b32dec .password }}', '{{ slice .password 3 99 }}', '{{ substr 3 99 .password | fail }}',
  '{{ urlParse (printf "://%s" .password) }}', '{{ duration .password }}', '{{ genPrivateKey .password }}', '{{ derivePassword 1 .password "p" "u" "s" }}', '{{ decryptAES .password "x" }}', '{{ htpasswd .password "a:b" }}', '{{ dict .password }}',
  '{{ get .password "x" }}', '{{ dig .password }}', '{{ tuple .password | first | fail }}', '{{ .password | b64enc | fail }}', '{{ $x := .password }}{{ fail (upper $x) }}', '{{ ternary 1 2 .password }}', '{{ env .password }}', '{{ "{{" }}', '{{', '{{ 1 | .password }}',
]

const BAD_BASE64 = ['', '=', 'A', 'AQCR', '!!!!', 'AQCR\r\n', '\u00e9', 'AP//', 'AQA='.repeat(9)]

/** Each as the text of a manifest. */
export function hostileManifests(good: Sealed): readonly string[] {
  const { spec } = good
  const { password = '' } = spec.encryptedData
  const withSpec = (change: Json): Sealed => ({ ...good, spec: { ...spec, ...change } })
  const withTemplate = (change: Json): Sealed => withSpec({ template: { ...spec.template, ...change } })
  const withItems = (items: Json): Sealed => withSpec({ encryptedData: { ...spec.encryptedData, ...items } })
  const manifests: readonly unknown[] = [
    ...ODD.flatMap((odd) => [
      withSpec({ encryptedData: odd }), withSpec({ template: odd }), withSpec({ data: odd }), { ...good, spec: odd }, { ...good, status: odd }, { ...good, status: { conditions: odd, observedGeneration: odd } },
      ...['data', 'metadata', 'type', 'immutable'].map((name) => withTemplate({ [name]: odd })),
      ...['annotations', 'labels', 'ownerReferences', 'finalizers', 'managedFields', 'deletionTimestamp', 'creationTimestamp'].flatMap((name) => [{ ...good, metadata: { ...good.metadata, [name]: odd } }, withTemplate({ metadata: { [name]: odd } })]),
    ]),
    ...TEMPLATES.map((text) => withTemplate({ data: { rendered: text } })),
    ...BAD_BASE64.map((text) => withItems({ password: text })),
    ...[10, 100, 300].map((length) => withItems({ password: password.slice(0, length) })),
    withItems({ ['k'.repeat(9000)]: password }), withItems({ '💥\u0000\n': password, '../../x': password, 'a b': password }),
    withItems(Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`k${n}`, password.slice(0, 20)]))),
    withSpec({ data: password, encryptedData: {} }), withSpec({ data: password }),
    withTemplate({ type: 'kubernetes.io/tls', immutable: true, metadata: { annotations: { 'sealedsecrets.bitnami.com/skip-set-owner-references': 'true' } } }),
    withTemplate({ metadata: { name: 'other', namespace: 'kube-system', uid: 'u', resourceVersion: '1', generateName: 'x', ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u', controller: true }] } }),
    { ...good, status: { conditions: [{ type: 'Synced', status: 'True' }], observedGeneration: 1 } },
  ]
  const text = JSON.stringify(good)
  return [
    ...manifests.map((manifest) => JSON.stringify(manifest)),
    text.replace('"encryptedData":{', `"encryptedData":{"__proto__":${JSON.stringify(password)},"constructor":{"prototype":1},`),
    text.replace('"metadata":{', '"metadata":{"annotations":{"__proto__":"true"},"__proto__":{"annotations":{"sealedsecrets.bitnami.com/cluster-wide":"true"}},'),
    text.replace('"template":{', `"template":{"data":${'['.repeat(5000)}${']'.repeat(5000)},`),
    text.replace('"template":{', `"template":{"metadata":{"creationTimestamp":${'{"a":'.repeat(900)}1${'}'.repeat(900)}},`),
    text.replace('"template":{', `"template":{"metadata":{"x":${'{"a":'.repeat(900)}1${'}'.repeat(900)}},`),
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nkind: SealedSecret\nspec: {encryptedData: {k: *e}}\n`,
    `kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata: &m {name: db, namespace: shop, annotations: *m}\nspec: {encryptedData: {<<: *m}}\n`,
  ]
}
