import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Collections;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** What a Java server does with its key store and trust store: java LoadKeystores.java P12 TRUSTSTORE PASSWORDFILE */
class LoadKeystores {
    public static void main(String[] args) throws Exception {
        char[] password = Files.readString(Path.of(args[2])).replaceFirst("\n$", "").toCharArray();
        KeyStore keys = KeyStore.getInstance(Path.of(args[0]).toFile(), password);
        KeyStore trusted = KeyStore.getInstance(Path.of(args[1]).toFile(), password);

        String alias = onlyKey(keys);
        Certificate[] chain = keys.getCertificateChain(alias);
        signAndVerify((PrivateKey) keys.getKey(alias, password), chain[0]);
        for (int i = 0; i + 1 < chain.length; i++)
            chain[i].verify(chain[i + 1].getPublicKey());

        for (String name : Collections.list(trusted.aliases()))
            if (!trusted.isCertificateEntry(name))
                throw new Exception("not a trusted entry: " + name);
        trust(trusted, chain);
    }

    static String onlyKey(KeyStore keys) throws Exception {
        String found = null;
        for (String alias : Collections.list(keys.aliases())) {
            if (found != null || !keys.isKeyEntry(alias))
                throw new Exception("not the only entry, or not a key: " + alias);
            found = alias;
        }
        if (found == null)
            throw new Exception("no entry in the key store");
        return found;
    }

    static void signAndVerify(PrivateKey key, Certificate certificate) throws Exception {
        String kind = key.getAlgorithm();
        Signature signature = Signature.getInstance(
            kind.equals("RSA") ? "SHA256withRSA" : kind.equals("EC") ? "SHA256withECDSA" : kind);
        signature.initSign(key);
        signature.update(new byte[] {1, 2, 3});
        byte[] made = signature.sign();
        signature.initVerify(certificate);
        signature.update(new byte[] {1, 2, 3});
        if (!signature.verify(made))
            throw new Exception("the private key is not the certificate's");
    }

    static void trust(KeyStore trusted, Certificate[] chain) throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(trusted);
        X509Certificate[] path = new X509Certificate[chain.length];
        for (int i = 0; i < chain.length; i++)
            path[i] = (X509Certificate) chain[i];
        ((X509TrustManager) factory.getTrustManagers()[0]).checkServerTrusted(path, "UNKNOWN");
    }
}
