package awsemulator.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.Endpoint;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.server.authorizer.AclCreateResult;
import org.apache.kafka.server.authorizer.AclDeleteResult;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;
import org.apache.kafka.server.authorizer.Authorizer;
import org.apache.kafka.server.authorizer.AuthorizerServerInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the emulator's access oracle; answers are kept for a moment, and no answer means no. */
public final class IamAuthorizer implements Authorizer {
    private static final Logger LOG = LoggerFactory.getLogger(IamAuthorizer.class);
    /** The broker itself and the emulator's topic API; they come by another listener, with a password. */
    private static final String OWN = "emulator";
    private static final int MOST_KEPT = 10_000;

    private record Question(String principal, AclOperation operation, ResourceType type, String name) {
    }

    private record Answer(boolean allowed, long until) {
    }

    private final Map<Question, Answer> kept = new ConcurrentHashMap<>();
    private final long keepNanos = 1_000_000L * Long.parseLong(System.getenv("EMULATOR_KAFKA_CACHE_MS"));

    @Override
    public void configure(Map<String, ?> configs) {
    }

    @Override
    public Map<Endpoint, ? extends CompletionStage<Void>> start(AuthorizerServerInfo info) {
        return info.endpoints().stream()
                .collect(Collectors.toMap(Function.identity(), one -> CompletableFuture.completedFuture(null)));
    }

    @Override
    public List<AuthorizationResult> authorize(AuthorizableRequestContext context, List<Action> actions) {
        String principal = context.principal().getName();
        if (OWN.equals(principal)) {
            return Collections.nCopies(actions.size(), AuthorizationResult.ALLOWED);
        }
        long now = System.nanoTime();
        Map<Question, Boolean> known = new ConcurrentHashMap<>();
        List<Question> questions = new ArrayList<>();
        List<Question> unknown = new ArrayList<>();
        for (Action action : actions) {
            Question question = new Question(
                    principal, action.operation(), action.resourcePattern().resourceType(),
                    action.resourcePattern().name());
            questions.add(question);
            Answer answer = kept.get(question);
            if (answer != null && answer.until - now > 0) {
                known.put(question, answer.allowed);
            } else {
                unknown.add(question);
            }
        }
        if (!unknown.isEmpty()) {
            ask(principal, unknown, known, now);
        }
        return questions.stream()
                .map(one -> known.getOrDefault(one, false) ? AuthorizationResult.ALLOWED : AuthorizationResult.DENIED)
                .toList();
    }

    private void ask(String principal, List<Question> unknown, Map<Question, Boolean> known, long now) {
        JsonNode answers;
        try {
            answers = awsemulator.kafka.Endpoint.post("kafka/access", Map.of("principal", principal, "actions",
                    unknown.stream().map(one -> Map.of("operation", one.operation.name(), "type", one.type.name(),
                            "name", one.name)).toList())).path("allowed");
        } catch (IOException error) {
            LOG.warn("the access oracle cannot be reached, so {} is denied: {}", principal, error.toString());
            return;
        }
        if (kept.size() > MOST_KEPT) {
            kept.clear();
        }
        for (int index = 0; index < unknown.size(); index++) {
            boolean allowed = answers.path(index).asBoolean(false);
            known.put(unknown.get(index), allowed);
            kept.put(unknown.get(index), new Answer(allowed, now + keepNanos));
        }
    }

    /** Kafka lets whoever may write some topic have a producer id; in MSK that is kafka-cluster:WriteDataIdempotently. */
    @Override
    public AuthorizationResult authorizeByResourceType(
            AuthorizableRequestContext context, AclOperation operation, ResourceType type) {
        return OWN.equals(context.principal().getName()) ? AuthorizationResult.ALLOWED : AuthorizationResult.DENIED;
    }

    @Override
    public List<? extends CompletionStage<AclCreateResult>> createAcls(
            AuthorizableRequestContext context, List<AclBinding> bindings) {
        return bindings.stream()
                .map(one -> CompletableFuture.completedFuture(new AclCreateResult(noAcls())))
                .toList();
    }

    @Override
    public List<? extends CompletionStage<AclDeleteResult>> deleteAcls(
            AuthorizableRequestContext context, List<AclBindingFilter> filters) {
        return filters.stream()
                .map(one -> CompletableFuture.completedFuture(new AclDeleteResult(noAcls())))
                .toList();
    }

    private static InvalidRequestException noAcls() {
        return new InvalidRequestException("ACLs do not apply to principals of IAM; write policies");
    }

    @Override
    public Iterable<AclBinding> acls(AclBindingFilter filter) {
        return List.of();
    }

    @Override
    public void close() {
    }
}
