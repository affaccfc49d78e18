package awsemulator.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Formats the storage once and runs Kafka, for as long as standard input stays open: the emulator holds the other end,
 * so that the broker ends with it, also when it is killed.
 */
public final class Broker {
    private static final long GRACE_MS = 5000;

    private Broker() {
    }

    public static void main(String[] args) {
        String properties = args[0];
        String clusterId = args[1];
        Path storage = Path.of(args[2]);
        watch();
        if (!Files.exists(storage.resolve("meta.properties"))) {
            int code = kafka.tools.StorageTool.execute(
                    new String[] {"format", "--cluster-id", clusterId, "--config", properties}, System.out);
            if (code != 0) {
                System.exit(code);
            }
        }
        kafka.Kafka.main(new String[] {properties});
    }

    private static void watch() {
        Thread watcher = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (IOException closed) {
                System.err.println("standard input: " + closed);
            }
            Thread last = new Thread(Broker::halt, "halt");
            last.setDaemon(true);
            last.start();
            System.exit(0);
        }, "watch-parent");
        watcher.setDaemon(true);
        watcher.start();
    }

    private static void halt() {
        try {
            Thread.sleep(GRACE_MS);
        } catch (InterruptedException early) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(1);
    }
}
