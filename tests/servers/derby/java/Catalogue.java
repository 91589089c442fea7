import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.derby.vti.VTICosting;
import org.apache.derby.vti.VTIEnvironment;

/** Derby's columns in Informix's terms, in one pass: calling a function for every one of them takes seconds. */
public final class Catalogue implements VTICosting {
    /** Made by Derby to ask for costs. */
    public Catalogue() {}

    /** Returns the columns of all tables. */
    public static ResultSet columns() throws SQLException {
        List<Object[]> found = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
            Statement statement = connection.createStatement()) {
            Map<String, Integer> tables = new HashMap<>();
            try (ResultSet rows = statement.executeQuery("SELECT tableid, tabid FROM face.tables")) {
                while (rows.next()) {
                    tables.put(rows.getString(1), rows.getInt(2));
                }
            }
            Map<String, int[]> overrides = new HashMap<>();
            try (ResultSet rows = statement.executeQuery(
                "SELECT tableid, columnname, coltype, collength, extended_id FROM face.type_overrides")) {
                while (rows.next()) {
                    int[] types = {rows.getInt(3), rows.getInt(4), rows.getInt(5)};
                    overrides.put(rows.getString(1) + rows.getString(2), types);
                }
            }
            try (ResultSet rows = statement.executeQuery(
                "SELECT referenceid, columnname, columnnumber, CAST(columndatatype AS VARCHAR(128)), autoincrementinc"
                    + " FROM sys.syscolumns")) {
                while (rows.next()) {
                    Integer table = tables.get(rows.getString(1));
                    if (table != null) {
                        String name = rows.getString(2);
                        int[] types = overrides.get(rows.getString(1) + name);
                        if (types == null) {
                            types = types(rows.getString(4), rows.getObject(5) != null);
                        }
                        found.add(new Object[] {
                            name.toLowerCase(), table, rows.getInt(3), types[0], types[1], types[2]
                        });
                    }
                }
            }
        }
        return Rows.of(found.iterator());
    }

    private static int[] types(String derby, boolean numbered) {
        return new int[] {
            Functions.columnType(derby, numbered), Functions.columnLength(derby), Functions.extendedId(derby)
        };
    }

    @Override
    public double getEstimatedRowCount(VTIEnvironment environment) {
        return 3000;
    }

    @Override
    public double getEstimatedCostPerInstantiation(VTIEnvironment environment) {
        return 1000;
    }

    @Override
    public boolean supportsMultipleInstantiations(VTIEnvironment environment) {
        return false;
    }
}
