package awsemulator.flink;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.client.deployment.executors.LocalExecutor;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.PipelineExecutor;
import org.apache.flink.core.execution.PipelineExecutorFactory;
import org.apache.flink.core.execution.PipelineExecutorServiceLoader;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

/**
 * Runs one application's main method with a Flink in this process, and tells the emulator how its job fares: a line
 * {@code @status <word> <sentence>} on standard output for each change, between the lines of the log.
 *
 * <p>It ends with the emulator, which holds the other end of standard input, also when that is killed. A line
 * {@code stop} there ends the job first.
 *
 * <p>Arguments: the JAR, then {@code key=value} of Flink's configuration, which the service sets and applications
 * cannot.
 */
public final class Launcher {
    private static final long GRACE_MS = 8000;
    private static final long POLL_MS = 200;
    private static final long LAST_WORDS_MS = 2000;
    private static final int MISSING_POLLS = 5;
    private static final PrintStream OUT = System.out;
    private static volatile JobClient job;
    private static volatile MiniCluster flink;
    private static volatile boolean stopping;
    private static int missing;

    private Launcher() {
    }

    public static void main(String[] args) throws Exception {
        Configuration service = new Configuration();
        for (int i = 1; i < args.length; i++) {
            int at = args[i].indexOf('=');
            service.setString(args[i].substring(0, at), args[i].substring(at + 1));
        }
        watchParent(service);
        Local.install(service);
        int code = 0;
        try {
            run(Path.of(args[0]));
            if (job == null) {
                tell("FAILED", "the main method ended and has executed no job");
                code = 1;
            }
        } catch (InvocationTargetException failed) {
            code = stopping ? 0 : failed(failed.getCause());
        } catch (Exception failed) {
            code = failed(failed);
        }
        if (job != null) {
            // What is told at a job's end, lineage for one, is told after main has gone on. If the job was ended from
            // outside, whoever did so ends this process.
            Thread.sleep(stopping ? 2 * GRACE_MS : LAST_WORDS_MS);
        }
        System.exit(code);
    }

    private static int failed(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        org.slf4j.LoggerFactory.getLogger(Launcher.class).error("The application has failed", cause);
        tell("FAILED", root.toString().replace('\n', ' '));
        return 1;
    }

    private static void run(Path jar) throws Exception {
        String main;
        try (JarFile opened = new JarFile(jar.toFile())) {
            main = opened.getManifest() == null ? null : opened.getManifest().getMainAttributes().getValue("Main-Class");
        }
        if (main == null) {
            throw new IOException("the JAR's manifest names no Main-Class");
        }
        Class.forName(main).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
    }

    static synchronized void tell(String status, String sentence) {
        OUT.println("@status " + status + " " + sentence);
        OUT.flush();
    }

    static void executed(JobClient client) {
        job = client;
        Thread watcher = new Thread(() -> watch(client), "watch-job");
        watcher.setDaemon(true);
        watcher.start();
    }

    private static void watch(JobClient client) {
        JobStatus last = null;
        try {
            while (last == null || !last.isGloballyTerminalState()) {
                JobStatus now = client.getJobStatus().get(30, TimeUnit.SECONDS);
                if (now != last) {
                    tell("JOB", now.name());
                    last = now;
                }
                replaceTaskManager();
                Thread.sleep(POLL_MS);
            }
        } catch (Exception ended) {
            tell("JOB", "UNKNOWN");
        }
    }

    /**
     * A task manager ends where a task does not end as it should (the Kafka sink's does not, if it may not write). A
     * cluster's resource manager then starts another one; the one in this process does not, so it is done here.
     */
    private static void replaceTaskManager() throws Exception {
        MiniCluster cluster = flink;
        if (cluster != null && cluster.isRunning() && !stopping
                && cluster.getResourceOverview().get(30, TimeUnit.SECONDS).getNumberTaskManagers() == 0) {
            if (++missing >= MISSING_POLLS) {
                missing = 0;
                org.slf4j.LoggerFactory.getLogger(Launcher.class).warn("The task manager has ended; another one starts");
                cluster.startTaskManager();
            }
        } else {
            missing = 0;
        }
    }

    private static void watchParent(Configuration service) {
        Thread watcher = new Thread(() -> {
            StringBuilder line = new StringBuilder();
            try {
                for (int read = System.in.read(); read >= 0; read = System.in.read()) {
                    if (read != '\n') {
                        line.append((char) read);
                    } else if (line.toString().equals("stop")) {
                        end(service.get(CheckpointingOptions.SAVEPOINT_DIRECTORY));
                        break;
                    }
                }
            } catch (IOException closed) {
                System.err.println("standard input: " + closed);
            }
            stopping = true;
            Thread last = new Thread(Launcher::halt, "halt");
            last.setDaemon(true);
            last.start();
            System.exit(0);
        }, "watch-parent");
        watcher.setDaemon(true);
        watcher.start();
    }

    /** End the job: with a savepoint if the configuration names a place for it, as the service does; else cancel it. */
    private static void end(String savepoints) {
        stopping = true;
        JobClient client = job;
        if (client == null) {
            return;
        }
        try {
            if (savepoints != null && client.getJobStatus().get(1, TimeUnit.SECONDS) == JobStatus.RUNNING) {
                try {
                    tell("SAVEPOINT", client.stopWithSavepoint(false, savepoints, SavepointFormatType.CANONICAL)
                            .get(GRACE_MS, TimeUnit.MILLISECONDS));
                } catch (ExecutionException | TimeoutException none) {
                    org.slf4j.LoggerFactory.getLogger(Launcher.class).warn("There is no savepoint", none);
                    client.cancel().get(1, TimeUnit.SECONDS);
                }
            } else {
                client.cancel().get(GRACE_MS, TimeUnit.MILLISECONDS);
            }
            for (long waited = 0; waited < GRACE_MS; waited += POLL_MS) {
                if (client.getJobStatus().get(1, TimeUnit.SECONDS).isGloballyTerminalState()) {
                    break;
                }
                Thread.sleep(POLL_MS);
            }
        } catch (Exception ended) {
            return;
        } finally {
            try {
                Thread.sleep(LAST_WORDS_MS);
            } catch (InterruptedException early) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void halt() {
        try {
            Thread.sleep(GRACE_MS);
        } catch (InterruptedException early) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(1);
    }

    /** What {@code StreamExecutionEnvironment.getExecutionEnvironment} gives the application. */
    private static final class Local extends StreamExecutionEnvironment {
        Local(Configuration configuration) {
            super(new Executors(), configuration, Thread.currentThread().getContextClassLoader());
        }

        static void install(Configuration service) {
            StreamExecutionEnvironment.initializeContextEnvironment(asked -> {
                Configuration merged = new Configuration(asked);
                merged.addAll(service);
                merged.setString("execution.target", LocalExecutor.NAME);
                merged.setString("execution.attached", "true");
                return new Local(merged);
            });
        }

        @Override
        public JobClient executeAsync(StreamGraph graph) throws Exception {
            JobClient client = super.executeAsync(graph);
            executed(client);
            return client;
        }
    }

    /** Executors on a Flink in this process, which is kept at hand. */
    private static final class Executors implements PipelineExecutorServiceLoader, PipelineExecutorFactory {
        @Override
        public PipelineExecutorFactory getExecutorFactory(Configuration configuration) {
            return this;
        }

        @Override
        public Stream<String> getExecutorNames() {
            return Stream.of(getName());
        }

        @Override
        public String getName() {
            return LocalExecutor.NAME;
        }

        @Override
        public boolean isCompatibleWith(Configuration configuration) {
            return true;
        }

        @Override
        public PipelineExecutor getExecutor(Configuration configuration) {
            return LocalExecutor.createWithFactory(configuration, settings -> {
                flink = new MiniCluster(settings);
                return flink;
            });
        }
    }
}
