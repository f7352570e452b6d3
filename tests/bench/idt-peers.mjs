// The Node libraries of the table that idt-bench prints: rows for those that can be loaded from $SAFRING_BENCH_NODE_MODULES (a folder in
// which npm installed them) or from here.
import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const seconds = Number(process.argv[2] ?? 0.5);
const folder = process.env.SAFRING_BENCH_NODE_MODULES ?? import.meta.dirname ?? '.';
const require = createRequire(pathToFileURL(`${folder}/here.js`));

const secret = crypto.createSecretKey(crypto.randomBytes(64));
const keys = {
  HS256: { privateKey: secret, publicKey: secret },
  HS512: { privateKey: secret, publicKey: secret },
  RS256: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: crypto.generateKeyPairSync('ed25519'),
};

const claims = () => {
  const now = Math.floor(Date.now() / 1000);
  return { jti: '00E04D2A63558772960000000B500001', iss: 'saf', sub: 'IBMUSER', aud: 'ZOWEAPPL', iat: now, exp: now + 300, amr: ['saf-pwd'] };
};

// fast-jwt takes keys as text or bytes.
const exported = (key, type) => (key.type === 'secret' ? key.export() : key.export({ type, format: 'pem' }));

// Many at a time, because some work in threads of their own and would only be waited for.
async function rate(work) {
  const some = () => Promise.all(Array.from({ length: 64 }, work));
  for (let i = 0; i < 4; i++) await some();
  const start = process.hrtime.bigint();
  let calls = 0;
  let spent = 0;
  for (; spent < seconds; calls += 64) {
    await some();
    spent = Number(process.hrtime.bigint() - start) / 1e9;
  }
  return calls / spent;
}

// Each gives, for an algorithm, a function that signs and one that verifies; null: it does not do that algorithm.
const libraries = {
  'fast-jwt': (lib, alg, key) => {
    const sign = lib.createSigner({ key: exported(key.privateKey, 'pkcs8'), algorithm: alg });
    const verify = lib.createVerifier({ key: exported(key.publicKey, 'spki'), algorithms: [alg], allowedIss: 'saf', allowedAud: 'ZOWEAPPL' });
    return [() => sign(claims()), verify];
  },
  'fast-jwt, cache': (lib, alg, key) => {
    const sign = lib.createSigner({ key: exported(key.privateKey, 'pkcs8'), algorithm: alg });
    const verify = lib.createVerifier({ key: exported(key.publicKey, 'spki'), algorithms: [alg], cache: true });
    return [() => sign(claims()), verify];
  },
  jose: (lib, alg, key) => [
    () => new lib.SignJWT(claims()).setProtectedHeader({ alg }).sign(key.privateKey),
    (token) => lib.jwtVerify(token, key.publicKey, { algorithms: [alg], issuer: 'saf', audience: 'ZOWEAPPL' }),
  ],
  jsonwebtoken: (lib, alg, key) =>
    alg === 'EdDSA' ? null : [
      () => lib.sign(claims(), key.privateKey, { algorithm: alg }),
      (token) => lib.verify(token, key.publicKey, { algorithms: [alg], issuer: 'saf', audience: 'ZOWEAPPL' }),
    ],
};

async function load(name) {
  const file = require.resolve(name);
  const loaded = await import(pathToFileURL(file));
  return loaded.SignJWT || loaded.createSigner ? loaded : loaded.default;
}

const thousands = (n) => `${(n / 1000).toFixed(1)} k`;

for (const [title, make] of Object.entries(libraries)) {
  const name = title.split(',')[0];
  const cells = [];
  let lib;
  try {
    lib = await load(name);
  } catch {
    console.log(`| ${title} (Node) | not available here | | | | |`);
    continue;
  }
  for (const alg of Object.keys(keys)) {
    const pair = make(lib, alg, keys[alg]);
    if (!pair) {
      cells.push('–');
      continue;
    }
    const token = await pair[0]();
    cells.push(`${thousands(await rate(pair[0]))} / ${thousands(await rate(() => pair[1](token)))}`);
  }
  console.log(`| ${title} (Node ${process.versions.node.split('.')[0]}) | ${cells.join(' | ')} |`);
}
