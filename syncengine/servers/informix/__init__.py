"""An Informix server, spoken to over DRDA through the vendor's driver, ibm_db."""
