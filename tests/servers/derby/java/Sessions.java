import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.derby.iapi.services.context.Context;
import org.apache.derby.iapi.services.context.ContextManager;
import org.apache.derby.iapi.services.context.ContextService;
import org.apache.derby.iapi.sql.conn.LanguageConnectionContext;
import org.apache.derby.shared.common.error.ShutdownException;

/**
 * The connections a database really has: one is here until Derby has rolled it back and let go of it, also where
 * its client is long gone and it still runs a statement.
 */
public final class Sessions {
    private Sessions() {}

    /** Returns the number of the connection that asks. */
    public static int own() {
        return asking().getInstanceNumber();
    }

    /** Returns number, user and whether it waits for a lock (1) of each connection to the database that asks. */
    public static ResultSet all() throws SQLException {
        Set<String> waiting = waiting();
        String database = asking().getDbname();
        List<Object[]> found = new ArrayList<>();
        for (LanguageConnectionContext each : connections()) {
            if (database.equals(each.getDbname())) {
                int waits = waiting.contains(transaction(each)) ? 1 : 0;
                found.add(new Object[] {each.getInstanceNumber(), each.getSessionUserId().toLowerCase(), waits});
            }
        }
        return Rows.of(found.iterator());
    }

    /** Returns the number of each connection that holds locks on a table, with the name of that. */
    public static ResultSet locks() throws SQLException {
        List<Object[]> found = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
            Statement statement = connection.createStatement();
            ResultSet rows = statement.executeQuery(
                "SELECT DISTINCT xid, LOWER(tablename) FROM syscs_diag.lock_table "
                    + "WHERE state = 'GRANT' AND tabletype <> 'S' AND mode IN ('X', 'IX')")) {
            while (rows.next()) {
                for (LanguageConnectionContext each : connections()) {
                    if (rows.getString(1).equals(transaction(each))) {
                        found.add(new Object[] {each.getInstanceNumber(), rows.getString(2)});
                    }
                }
            }
        }
        return Rows.of(found.iterator());
    }

    private static LanguageConnectionContext asking() {
        return (LanguageConnectionContext) ContextService.getContext(LanguageConnectionContext.CONTEXT_ID);
    }

    private static void connectionOf(ContextManager manager, List<LanguageConnectionContext> found) {
        try {
            Context context = manager.getContext(LanguageConnectionContext.CONTEXT_ID);
            if (context instanceof LanguageConnectionContext) {
                found.add((LanguageConnectionContext) context);
            }
        } catch (ShutdownException ended) {
            // It belongs to a database that is being shut down, and that is not the one that asks.
        }
    }

    private static String transaction(LanguageConnectionContext connection) {
        try {
            return connection.getTransactionExecute().getTransactionIdString();
        } catch (RuntimeException ended) {
            // It is not ours, and may end while it is looked at.
            return "";
        }
    }

    private static Set<String> waiting() throws SQLException {
        Set<String> found = new HashSet<>();
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
            Statement statement = connection.createStatement();
            ResultSet rows = statement.executeQuery("SELECT xid FROM syscs_diag.lock_table WHERE state = 'WAIT'")) {
            while (rows.next()) {
                found.add(rows.getString(1));
            }
        }
        return found;
    }

    /** Returns all connections there are, which Derby tells nobody. */
    private static List<LanguageConnectionContext> connections() {
        ContextService service = ContextService.getFactory();
        try {
            Field all = ContextService.class.getDeclaredField("allContexts");
            all.setAccessible(true);
            synchronized (service) {
                List<LanguageConnectionContext> found = new ArrayList<>();
                for (Object each : (Collection<?>) all.get(service)) {
                    connectionOf((ContextManager) each, found);
                }
                return found;
            }
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException("this Derby keeps its connections elsewhere", error);
        }
    }
}
