// jose.mjs verify ALG KEYFILE < token        verifies a token of safring's with Node's jose
// jose.mjs sign ALG KEYFILE SUB AUD [KID]    makes one for safring to verify
// KEYFILE: PEM (RS, ES, EdDSA) or the raw bytes of an HMAC key.
import { readFileSync } from "node:fs";
import { randomBytes, createPublicKey, createPrivateKey, createSecretKey } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_MODULES_DIR + "/");
const { jwtVerify, SignJWT } = require("jose");

const [verb, alg, keyFile, sub, aud, kid] = process.argv.slice(2);
const isSecret = alg.startsWith("HS");
const bytes = readFileSync(keyFile);

if (verb === "verify") {
  const key = isSecret ? createSecretKey(bytes) : createPublicKey(bytes);
  const { payload } = await jwtVerify(readFileSync(0, "utf8").trim(), key, { algorithms: [alg], issuer: "saf" });
  console.log(JSON.stringify(payload));
} else {
  const key = isSecret ? createSecretKey(bytes) : createPrivateKey(bytes);
  const id = randomBytes(16).toString("hex");
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({ txn: id, amr: ["saf-pwd"] })
    .setProtectedHeader(kid ? { alg, kid } : { alg })
    .setJti(id)
    .setIssuer("saf")
    .setSubject(sub)
    .setAudience(aud)
    .setIssuedAt(now)
    .setExpirationTime(now + 300)
    .sign(key);
  console.log(token);
}
