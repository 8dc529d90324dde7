import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectionsOf } from '../../src/audit/connection-string.ts'
import { testFolder } from '../test-context.ts'

const NONE = {}

/** What is asked of the driver, of the first attempt. */
function firstOf(text: string, env: Readonly<Record<string, string>> = NONE): Readonly<Record<string, unknown>> {
  const { host, port, user, database, options, application_name, password } = connectionsOf(text, env)[0] ?? {}
  return Object.fromEntries(Object.entries({ host, port, user, database, options, application_name, password: typeof password === 'function' ? password() : password }).filter(([, value]) => value !== undefined))
}

describe('PostgreSQL connection strings', () => {
  it.each([
    ['a URL', 'postgres://so%40ps:p%20w%25@db.example:6000/audit?sslmode=disable', { host: 'db.example', port: 6000, user: 'so@ps', password: 'p w%', database: 'audit' }],
    ['a URL under its other name', 'postgresql://u:p@h/d', { host: 'h', port: 5432, user: 'u', password: 'p', database: 'd' }],
    ['a URL with an IPv6 address', 'postgres://u:p@[::1]:6000/d', { host: '::1', port: 6000, user: 'u', password: 'p', database: 'd' }],
    ['a URL with a socket', 'postgres:///d?host=/run/pg&port=6000&user=u&password=p', { host: '/run/pg', port: 6000, user: 'u', password: 'p', database: 'd' }],
    ['pairs', "host=h  port = 6000 user=u password='it\\'s \\\\ here' dbname=d", { host: 'h', port: 6000, user: 'u', password: "it's \\ here", database: 'd' }],
    ['pairs with escapes outside of quotes', 'user=u\\ v password=a\\\\b host=h', { host: 'h', port: 5432, user: 'u v', password: 'a\\b', database: 'u v' }],
    ['an empty value at the end', 'user=u host=h password=x application_name=', { host: 'h', port: 5432, user: 'u', password: 'x', database: 'u', application_name: '' }],
    ['parameters of the server', 'host=h user=u password=p search_path=a\\ b options=-cx=1', { host: 'h', port: 5432, user: 'u', password: 'p', database: 'u', options: '-cx=1 -c search_path=a\\ b' }],
    ['an address beside the name', 'host=h hostaddr=127.0.0.9 user=u password=p', { host: '127.0.0.9', port: 5432, user: 'u', password: 'p', database: 'u' }],
  ])('%s', (_, text, expected) => {
    expect(firstOf(text)).toEqual(expected)
  })

  it('hold any password, quoted or in a URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
        const quoted = `host=h user=u password='${password.replaceAll(/['\\]/g, '\\$&')}' dbname=d`
        for (const text of [quoted, `postgres://u:${encodeURIComponent(password)}@h/d`]) expect(firstOf(text)).toMatchObject({ user: 'u', password, database: 'd' })
      }),
    )
  })

  it('come before the environment, and that before the defaults', () => {
    const env = { PGHOST: 'env-host', PGPORT: '7000', PGUSER: 'env-user', PGPASSWORD: 'env-password', PGDATABASE: 'env-db', PGAPPNAME: 'app' }
    expect(firstOf('', env)).toEqual({ host: 'env-host', port: 7000, user: 'env-user', password: 'env-password', database: 'env-db', application_name: 'app' })
    expect(firstOf('user=u dbname=d', env)).toMatchObject({ host: 'env-host', user: 'u', database: 'd' })
    expect(firstOf('user=u password=p')).toMatchObject({ host: 'localhost', port: 5432 })
  })

  it('take a password from a file that is its owner\'s alone', () => {
    const passfile = join(testFolder(), 'pass')
    const text = `host=h port=6000 user=u dbname=d passfile=${passfile}`
    writeFileSync(passfile, '# h:6000:d:u:no\nh:6000:other:u:no\n*:6000:d:u:p\\:w\nh:*:*:*:late\n', { mode: 0o600 })
    expect(firstOf(text)).toMatchObject({ password: 'p:w' })
    expect(firstOf(text.replace('dbname=d', 'dbname=e'))).toMatchObject({ password: 'late' })
    expect(firstOf(`${text} password=given`)).toMatchObject({ password: 'given' })
    const open = join(testFolder(), 'pass')
    writeFileSync(open, '*:*:*:*:p\n', { mode: 0o644 })
    expect(firstOf(text.replace(passfile, open))).toMatchObject({ password: '' })
  })

  it.each([
    ['disable', [false]],
    ['allow', [false, { rejectUnauthorized: false }]],
    ['prefer', [{ rejectUnauthorized: false }, false]],
    ['require', [{ rejectUnauthorized: false }]],
    ['verify-full', [{ rejectUnauthorized: true }]],
  ] as const)('sslmode=%s', (mode, expected) => {
    expect(connectionsOf(`host=h user=u sslmode=${mode}`, NONE).map(({ ssl }) => ssl)).toMatchObject(expected)
  })

  it('encrypt unless told otherwise, but for a socket in the file system', () => {
    expect(connectionsOf('host=h user=u', NONE)).toMatchObject([{ ssl: { rejectUnauthorized: false } }])
    expect(connectionsOf('host=/run/pg user=u sslmode=require', NONE)).toMatchObject([{ ssl: false }])
  })

  it('verify with an authority that is there, also where encryption alone is asked for', () => {
    const ca = join(testFolder(), 'ca.pem')
    writeFileSync(ca, 'certificate')
    expect(connectionsOf(`host=h user=u sslrootcert=${ca}`, NONE)).toMatchObject([{ ssl: { ca: 'certificate', rejectUnauthorized: true } }])
    expect(connectionsOf(`host=h user=u sslrootcert=${ca}-none`, NONE)).toMatchObject([{ ssl: { rejectUnauthorized: false } }])
    expect(connectionsOf('host=h user=u sslrootcert=system', NONE)).toMatchObject([{ ssl: { rejectUnauthorized: true } }])
  })

  it.each([
    'hunter2',
    'http://hunter2/d',
    "host=h password='hunter2",
    'host=h password',
    'host=h password=hunter2 =x',
    'host=h password=hunter2 port=99999',
    'host=h password=hunter2 port=x',
    'host=h password=hunter2 sslmode=hunter2',
    'host=h password=hunter2 sslmode=constructor',
    'host=h password=hunter2 sslmode=require sslrootcert=system',
    'host=h password=hunter2 sslmode=verify-ca sslrootcert=/nonexistent/hunter2',
    'postgres://u:hunter2%@h/d',
    'postgres://u:hunter2@h:x/d',
  ])('are refused without being quoted: %s', (text) => {
    expect(() => connectionsOf(text, NONE)).toThrow(expect.objectContaining({ code: 'AUDIT_INVALID', message: expect.not.stringContaining('hunter2') }))
  })
})
