import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canonicalRequest, sign } from '../src/signature.ts'

const key = { id: 'AKEXAMPLE0000000000', secret: 'SKEXAMPLE00000000000000000000000000000000' }
const now = new Date('2026-01-02T03:04:05.678Z')

/** What the vendor's own signer (huaweicloud-sdk-go-v3 0.1.207) answered for these requests. */
describe('the signature of a request', () => {
  it('covers headers, path and body', () => {
    const request = {
      method: 'POST',
      url: new URL('https://kms.cn-north-4.myhuaweicloud.com/v1.0/05441fxxxproject/kms/encrypt-data'),
      headers: { 'User-Agent': 'huaweicloud-usdk-go/3.0;okhttp', 'X-Project-Id': '05441fxxxproject', 'Content-Type': 'application/json;charset=UTF-8' },
      body: '{"key_id":"0d0466b0-e727-4d9c-b35d-f84bb474a37f","plain_text":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","encryption_algorithm":"SYMMETRIC_DEFAULT"}\n',
    }
    expect(sign(request, key, now)).toEqual({
      'x-sdk-date': '20260102T030405Z',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE0000000000, SignedHeaders=user-agent;x-project-id;x-sdk-date, Signature=5846119a38eedf332d38b599fab809ae9da66dbb4b10eeeeb24ff9ac7ef10370',
    })
    const text = canonicalRequest({ ...request, headers: { ...request.headers, 'X-Sdk-Date': '20260102T030405Z' } }, ['user-agent', 'x-project-id', 'x-sdk-date'])
    expect(createHash('sha256').update(text).digest('hex')).toBe('da308de129726caf4f5c089c2f385761909364bf85dfffc72250139cedefd7c7')
  })

  it('covers host and query, whatever characters they have', () => {
    const url = new URL('https://iam.example.com:8443/v3/projects/a b')
    url.searchParams.set('name', 'cn north-4+é')
    expect(sign({ method: 'GET', url, headers: { host: 'iam.example.com:8443' }, body: '' }, key, now)['authorization']).toBe(
      'SDK-HMAC-SHA256 Access=AKEXAMPLE0000000000, SignedHeaders=host;x-sdk-date, Signature=620e751dcbb9c4d73fa9a2e4193b358113dc483b5a10c7f8229767764dd0b81d',
    )
  })
})
