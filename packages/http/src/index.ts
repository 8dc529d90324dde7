export { createHttpClient, type Agents, type Answer, type HttpClient, type HttpClientOptions, type Request } from './client.ts'
export { judgeNetwork, judgeStatus, quoted } from './failure.ts'
export { asFields, bodyFields, type Fields } from './fields.ts'
