import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.derby.drda.NetworkServerControl;

/**
 * Runs Derby's network server and takes orders on standard input, one a line, each answered by one line:
 * the databases are prepared and loaded inside this process, with no network and no second JVM.
 */
public final class ServerMain {
    private static final Map<String, Connection> OPEN = new HashMap<>();

    private static final Set<String> SHUT_DOWN = Set.of("08006", "XJ015");

    private ServerMain() {}

    /** Starts the server at the port given, then obeys until the input ends. */
    public static void main(String[] args) throws Exception {
        Class.forName("org.apache.derby.jdbc.EmbeddedDriver");
        NetworkServerControl control =
            new NetworkServerControl(InetAddress.getByName("127.0.0.1"), Integer.parseInt(args[0]));
        control.start(null);
        waitFor(control);
        PrintWriter out = new PrintWriter(new java.io.OutputStreamWriter(System.out, StandardCharsets.US_ASCII), true);
        out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(answer(line.split(" ", -1)));
        }
        control.shutdown();
        shutDown("jdbc:derby:");
        System.exit(0);
    }

    private static void waitFor(NetworkServerControl control) throws Exception {
        for (int tries = 0; ; tries++) {
            try {
                control.ping();
                return;
            } catch (Exception error) {
                if (tries > 600) {
                    throw error;
                }
                Thread.sleep(20);
            }
        }
    }

    private static String answer(String[] order) {
        try {
            switch (order[0]) {
                case "open":
                    close(order[1]);
                    OPEN.put(order[1], connect(decoded(order[2])));
                    return "ok 0";
                case "run":
                    return run(OPEN.get(order[1]), decoded(order[2]));
                case "close":
                    close(order[1]);
                    return "ok 0";
                case "down":
                    close(order[1]);
                    shutDown(decoded(order[2]));
                    return "ok 0";
                default:
                    return "error " + encoded("no such order: " + order[0]);
            }
        } catch (Exception error) {
            StringBuilder text = new StringBuilder();
            for (Throwable each = error; each != null; each = each.getCause()) {
                text.append(each).append('\n');
            }
            return "error " + encoded(text.toString());
        }
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url);
    }

    private static void close(String name) throws SQLException {
        Connection connection = OPEN.remove(name);
        if (connection != null) {
            connection.close();
        }
    }

    /** Shuts down and makes sure of it: Derby reports a shutdown that went well as an error too, and others likewise. */
    private static void shutDown(String url) throws SQLException {
        try {
            DriverManager.getConnection(url + ";shutdown=true;deregister=false").close();
        } catch (SQLException report) {
            if (!SHUT_DOWN.contains(report.getSQLState())) {
                throw report;
            }
        }
    }

    private static String run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "ok " + statement.getUpdateCount();
            }
            StringBuilder text = new StringBuilder();
            try (ResultSet rows = statement.getResultSet()) {
                int columns = rows.getMetaData().getColumnCount();
                while (rows.next()) {
                    for (int column = 1; column <= columns; column++) {
                        String value = rows.getString(column);
                        text.append(column == 1 ? "" : "\u001f").append(value == null ? "\u001a" : value);
                    }
                    text.append("\u001e");
                }
            }
            return "rows " + encoded(text.toString());
        }
    }

    private static String decoded(String text) {
        return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
