package streamgov.example;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.avro.Conversions.DecimalConversion;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.flink.api.common.functions.MapFunction;

/** What an order is worth. */
final class OrderTotals implements MapFunction<GenericRecord, GenericRecord> {
    private static final long serialVersionUID = 1L;

    private final String target;
    private transient Schema schema;

    OrderTotals(Schema target) {
        this.target = target.toString();
    }

    @Override
    public GenericRecord map(GenericRecord order) {
        if (schema == null) {
            schema = new Schema.Parser().parse(target);
        }
        DecimalConversion decimals = new DecimalConversion();
        BigDecimal total = BigDecimal.ZERO.setScale(2);
        int pieces = 0;
        for (Object element : (List<?>) order.get("items")) {
            GenericRecord item = (GenericRecord) element;
            Schema price = item.getSchema().getField("price").schema();
            int quantity = (Integer) item.get("quantity");
            total = total.add(decimals
                    .fromBytes((ByteBuffer) item.get("price"), price, price.getLogicalType())
                    .multiply(BigDecimal.valueOf(quantity)));
            pieces += quantity;
        }
        GenericRecord customer = (GenericRecord) order.get("customer");
        GenericRecord made = new GenericData.Record(schema);
        made.put("order_id", order.get("order_id"));
        made.put("placed_at", order.get("placed_at"));
        made.put("country", ((GenericRecord) customer.get("address")).get("country"));
        made.put("pieces", pieces);
        Schema amount = schema.getField("total").schema();
        made.put("total", decimals.toBytes(total, amount, LogicalTypes.fromSchema(amount)));
        return made;
    }
}
