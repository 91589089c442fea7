import java.lang.reflect.Proxy;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Iterator;

/** Rows made up here, as the result set Derby wants of a table function. */
final class Rows {
    private Rows() {}

    /** Returns a result set of rows. */
    static ResultSet of(Iterator<Object[]> rows) {
        Object[][] current = new Object[1][];
        return (ResultSet) Proxy.newProxyInstance(
            Rows.class.getClassLoader(), new Class<?>[] {ResultSet.class}, (proxy, method, arguments) -> {
                switch (method.getName()) {
                    case "next":
                        current[0] = rows.hasNext() ? rows.next() : null;
                        return current[0] != null;
                    case "getString":
                        return current[0][(Integer) arguments[0] - 1];
                    case "getInt":
                        return current[0][(Integer) arguments[0] - 1];
                    case "getShort":
                        return ((Integer) current[0][(Integer) arguments[0] - 1]).shortValue();
                    case "wasNull":
                        return false;
                    case "getWarnings":
                    case "close":
                        return null;
                    default:
                        throw new SQLException("not needed: " + method.getName());
                }
            });
    }
}
