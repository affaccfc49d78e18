package streamgov.example;

import java.io.IOException;
import java.io.InputStream;
import org.apache.avro.Schema;

/** The schemas that this job is written for. */
final class Schemas {
    private Schemas() {
    }

    static Schema bundled(String name) throws IOException {
        try (InputStream found = Schemas.class.getResourceAsStream("/schemas/" + name + ".avsc")) {
            if (found == null) {
                throw new IOException("the JAR holds no schema " + name);
            }
            return new Schema.Parser().parse(found);
        }
    }
}
