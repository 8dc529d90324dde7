import { parse } from 'yaml'
import { readFileSync, mkdtempSync } from 'node:fs'
import { startApiServer } from '@waxseal/testkit'
import { spawn } from 'node:child_process'
const crd = parse(readFileSync('/work/main/controller/deploy/crd/sealedsecrets.yaml','utf8'))
const api = await startApiServer({ crds:[crd]})
const f = mkdtempSync('/tmp/me/sa-')
const env = {...api.inClusterEnv(f), WAXSEAL_SERVICE_ACCOUNT_FOLDER: f, PATH: process.env.PATH!}
const c = spawn(process.execPath, [process.argv[2]!,'--listen-addr','127.0.0.1:18180','--listen-metrics-addr','127.0.0.1:18181'],{env,stdio:'inherit'})
setTimeout(async()=>{ for (const p of ['healthz','readyz','v1/cert.pem']) { const r = await fetch('http://127.0.0.1:18180/'+p).catch(e=>e); console.log(p, r.status, (await r.text?.())?.slice(0,60)) } c.kill('SIGTERM'); c.on('close',s=>{console.log('status',s); api.close()}) }, 6000)
