/*
 * Keys of a PKCS#11 token, as Java's SunPKCS11 has them. For tests/interop/tokens.sh.
 *
 *     java TokenKeys.java CONFIG PIN list
 *     java TokenKeys.java CONFIG PIN mac ALIAS ALGORITHM FILE        base64url, as in a JWT
 *     java TokenKeys.java CONFIG PIN sign ALIAS ALGORITHM FILE OUT
 *     java TokenKeys.java CONFIG PIN make-secret ALIAS               256 bits for HMAC-SHA-256
 */
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Collections;
import java.util.TreeSet;
import javax.crypto.KeyGenerator;
import javax.crypto.Mac;

public class TokenKeys {
    public static void main(String[] args) throws Exception {
        Provider token = Security.getProvider("SunPKCS11").configure(args[0]);
        Security.addProvider(token);
        KeyStore keys = KeyStore.getInstance("PKCS11", token);
        keys.load(null, args[1].toCharArray());
        switch (args[2]) {
        case "list" -> list(keys);
        case "mac" -> mac(token, keys.getKey(args[3], null), args[4], args[5]);
        case "sign" -> sign(token, keys, args[3], args[4], args[5], args[6]);
        case "make-secret" -> makeSecret(token, keys, args[3]);
        default -> throw new IllegalArgumentException(args[2]);
        }
    }

    static void list(KeyStore keys) throws Exception {
        for (String alias : new TreeSet<>(Collections.list(keys.aliases()))) {
            String kind = keys.entryInstanceOf(alias, KeyStore.PrivateKeyEntry.class) ? "pair"
                        : keys.entryInstanceOf(alias, KeyStore.SecretKeyEntry.class) ? "secret" : "certificate";
            String subject = keys.getCertificate(alias) instanceof X509Certificate x ? " " + x.getSubjectX500Principal() : "";
            System.out.println(alias + " " + kind + subject);
        }
    }

    static void mac(Provider token, Key key, String algorithm, String file) throws Exception {
        Mac mac = Mac.getInstance(algorithm, token);
        mac.init(key);
        byte[] made = mac.doFinal(Files.readAllBytes(Path.of(file)));
        System.out.println(Base64.getUrlEncoder().withoutPadding().encodeToString(made));
    }

    /* Java finds its private key by the certificate, and verifies with that one. */
    static void sign(Provider token, KeyStore keys, String alias, String algorithm, String file, String out) throws Exception {
        byte[] message = Files.readAllBytes(Path.of(file));
        Signature signer = Signature.getInstance(algorithm, token);
        signer.initSign((PrivateKey) keys.getKey(alias, null));
        signer.update(message);
        byte[] made = signer.sign();
        Signature verifier = Signature.getInstance(algorithm);
        verifier.initVerify(keys.getCertificate(alias));
        verifier.update(message);
        if (!verifier.verify(made))
            throw new IllegalStateException("the signature is not good by the certificate");
        Files.write(Path.of(out), made);
    }

    static void makeSecret(Provider token, KeyStore keys, String alias) throws Exception {
        KeyGenerator maker = KeyGenerator.getInstance("HmacSHA256", token);
        maker.init(256);
        keys.setEntry(alias, new KeyStore.SecretKeyEntry(maker.generateKey()), null);
    }
}
